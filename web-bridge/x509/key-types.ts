/** All that is known of a key type stands in one row; nothing else in the code asks "which algorithm?". */
import { Buffer } from 'node:buffer';
import type { SpkiDer } from '../asn1/der.ts';
import { readBits, readOid, readTlv, readUnsigned, sequence } from '../asn1/read.ts';
import type { KeyType } from '../protocol/order.ts';

const RSA_ENCRYPTION = '1.2.840.113549.1.1.1'; // RFC 8017 Appendix C
const EC_PUBLIC_KEY = '1.2.840.10045.2.1'; // RFC 5480 §2.1.1

type Common = {
  /** As node:crypto and WebCrypto name the hash. */
  readonly hash: 'sha256' | 'sha384';
  readonly webHash: 'SHA-256' | 'SHA-384';
  /** RFC 7518 §3.1. */
  readonly jwa: 'RS256' | 'ES256' | 'ES384';
  /** Of the SubjectPublicKeyInfo, and of what the key signs. */
  readonly spkiOid: string;
  readonly signatureOid: string;
};
export type RsaKeyType = Common & { readonly family: 'RSA'; readonly modulusBits: number };
/** ECDSA: PKCS#11 and WebCrypto give r‖s of twice `coordinateBytes`; X.509 has SEQUENCE { r, s } (RFC 3279 §2.2.3). */
export type EcKeyType = Common & {
  readonly family: 'EC';
  readonly curveOid: string;
  readonly namedCurve: 'P-256' | 'P-384';
  readonly coordinateBytes: number;
};

const RSA = {
  family: 'RSA',
  hash: 'sha256',
  webHash: 'SHA-256',
  jwa: 'RS256',
  spkiOid: RSA_ENCRYPTION,
  signatureOid: '1.2.840.113549.1.1.11', // sha256WithRSAEncryption, RFC 4055 §5
} as const;

export const KEY_TYPE: Readonly<Record<KeyType, RsaKeyType | EcKeyType>> = {
  'rsa-2048': { ...RSA, modulusBits: 2048 },
  'rsa-3072': { ...RSA, modulusBits: 3072 },
  'rsa-4096': { ...RSA, modulusBits: 4096 },
  'ec-p256': {
    family: 'EC',
    hash: 'sha256',
    webHash: 'SHA-256',
    jwa: 'ES256',
    spkiOid: EC_PUBLIC_KEY,
    signatureOid: '1.2.840.10045.4.3.2', // ecdsa-with-SHA256, RFC 5758 §3.2
    curveOid: '1.2.840.10045.3.1.7',
    namedCurve: 'P-256',
    coordinateBytes: 32,
  },
  'ec-p384': {
    family: 'EC',
    hash: 'sha384',
    webHash: 'SHA-384',
    jwa: 'ES384',
    spkiOid: EC_PUBLIC_KEY,
    signatureOid: '1.2.840.10045.4.3.3', // ecdsa-with-SHA384
    curveOid: '1.3.132.0.34',
    namedCurve: 'P-384',
    coordinateBytes: 48,
  },
};

/** What a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) says of its key. */
export type PublicKeyFacts = {
  readonly algorithmOid: string;
  readonly modulusBits: number | undefined;
  readonly curveOid: string | undefined;
};

/** @throws SyntaxError */
export function publicKeyFacts(spki: SpkiDer): PublicKeyFacts {
  const [algorithm, key, ...rest] = sequence(readTlv(spki));
  if (rest.length > 0) throw new SyntaxError('more than a public key');
  const [oid, parameters] = sequence(algorithm);
  const algorithmOid = readOid(oid);
  const { octets } = readBits(key);
  return {
    algorithmOid,
    modulusBits: algorithmOid === RSA_ENCRYPTION ? modulusBits(octets) : undefined,
    curveOid: algorithmOid === EC_PUBLIC_KEY ? readOid(parameters) : undefined,
  };
}

function modulusBits(rsaPublicKey: Uint8Array): number {
  const modulus = readUnsigned(sequence(readTlv(rsaPublicKey))[0]);
  return modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
}

/** The row that a public key belongs to; `undefined`: none of ours. */
export function keyTypeOf(spki: SpkiDer): KeyType | undefined {
  const facts = publicKeyFacts(spki);
  const rows = Object.entries(KEY_TYPE) as [KeyType, RsaKeyType | EcKeyType][];
  return rows.find(([, row]) =>
    row.family === 'RSA' ? row.modulusBits === facts.modulusBits : row.curveOid === facts.curveOid,
  )?.[0];
}

/** r‖s, as PKCS#11 §6.3.1 and WebCrypto have it, to the SEQUENCE of X.509. */
export function ecdsaToDer(rawSignature: Uint8Array): Uint8Array {
  const half = rawSignature.length / 2;
  if (!Number.isInteger(half) || half === 0 || half > 66) throw new RangeError('not an ECDSA signature r‖s');
  const body = Buffer.concat([integer(rawSignature.subarray(0, half)), integer(rawSignature.subarray(half))]);
  const header = body.length < 0x80 ? [0x30, body.length] : [0x30, 0x81, body.length];
  return new Uint8Array(Buffer.concat([Buffer.from(header), body]));
}

function integer(unsigned: Uint8Array): Uint8Array {
  const first = unsigned.findIndex((octet) => octet !== 0);
  const significant = first < 0 ? Uint8Array.of(0) : unsigned.subarray(first);
  const sign = (significant[0] ?? 0) >= 0x80 ? [0] : [];
  return Uint8Array.from([0x02, significant.length + sign.length, ...sign, ...significant]);
}

/** The SEQUENCE of X.509 to r‖s with coordinates of a fixed length. */
export function ecdsaFromDer(derSignature: Uint8Array, coordinateBytes: number): Uint8Array {
  const [r, s, ...rest] = sequence(readTlv(derSignature)).map(readUnsigned);
  if (!r || !s || rest.length > 0) throw new SyntaxError('not an ECDSA signature');
  if (r.length > coordinateBytes || s.length > coordinateBytes) throw new SyntaxError('coordinate too long');
  const raw = new Uint8Array(2 * coordinateBytes);
  raw.set(r, coordinateBytes - r.length);
  raw.set(s, 2 * coordinateBytes - s.length);
  return raw;
}
