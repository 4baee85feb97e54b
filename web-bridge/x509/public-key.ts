/** Public keys: SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) read and written. */
import { asDer, type SpkiDer } from '../asn1/der.ts';
import { readBits, readOid, readTlv, readUnsigned, sequence, TAG } from '../asn1/read.ts';
import { bitString, element, objectIdentifier, unsignedInteger } from '../asn1/write.ts';
import { KEY_TYPES, type KeyType } from '../protocol/order.ts';
import { KEY_OID } from './algorithms.ts';
import { KEY_TYPE } from './key-types.ts';

export type ParsedPublicKey = {
  readonly algorithmOid: string;
  /** Of an RSA key. */
  readonly modulusBits: number | undefined;
  /** Of an EC key on a named curve. */
  readonly curveOid: string | undefined;
};

/** @throws SyntaxError */
export function parsePublicKey(spki: SpkiDer): ParsedPublicKey {
  const [algorithm, key, ...rest] = sequence(readTlv(spki));
  if (rest.length > 0) throw new SyntaxError('more than a public key');
  const [oid, parameters] = sequence(algorithm);
  const algorithmOid = readOid(oid);
  const { octets } = readBits(key);
  return {
    algorithmOid,
    modulusBits: algorithmOid === KEY_OID.rsa ? modulusBits(octets) : undefined,
    curveOid: algorithmOid === KEY_OID.ec ? readOid(parameters) : undefined,
  };
}

function modulusBits(rsaPublicKey: Uint8Array): number {
  const modulus = readUnsigned(sequence(readTlv(rsaPublicKey))[0]);
  return modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
}

/** The type of a public key; `undefined` where it is none that we use. @throws SyntaxError */
export function keyTypeOf(spki: SpkiDer): KeyType | undefined {
  const { modulusBits: bits, curveOid } = parsePublicKey(spki);
  return KEY_TYPES.find((type) => {
    const row = KEY_TYPE[type];
    return row.family === 'RSA' ? row.bits === bits : row.curve.oid === curveOid;
  });
}

/** An RSA key (RFC 8017 §A.1.1, RFC 3279 §2.3.1). */
export function rsaSpki(modulus: Uint8Array, exponent: Uint8Array): SpkiDer {
  const key = element(TAG.sequence, unsignedInteger(modulus), unsignedInteger(exponent));
  return spkiOf(key, objectIdentifier(KEY_OID.rsa), element(TAG.null));
}

/** An EC key on a named curve (RFC 5480 §2). The point is `04 ‖ x ‖ y` (SEC 1 §2.3.3). */
export function ecSpki(curveOid: string, point: Uint8Array): SpkiDer {
  return spkiOf(point, objectIdentifier(KEY_OID.ec), objectIdentifier(curveOid));
}

function spkiOf(key: Uint8Array, ...algorithm: readonly Uint8Array[]): SpkiDer {
  return asDer<SpkiDer>(element(TAG.sequence, element(TAG.sequence, ...algorithm), bitString(key)));
}
