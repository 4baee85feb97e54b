/**
 * The two encodings of an ECDSA signature. PKCS#11 (v2.40 §2.3.1), WebCrypto and JOSE (RFC 7518 §3.4) have r‖s, each as
 * long as a coordinate. X.509 has SEQUENCE { r, s } (RFC 3279 §2.2.3).
 */
import { readTlv, readUnsigned, sequence, TAG } from '../asn1/read.ts';
import { element, unsignedInteger } from '../asn1/write.ts';
import { CURVE } from './algorithms.ts';

const MAX_COORDINATE_BYTES = CURVE.p521.coordinateBytes;

/** @throws RangeError */
export function ecdsaToDer(rawSignature: Uint8Array): Uint8Array {
  const half = rawSignature.length / 2;
  if (!Number.isInteger(half) || half === 0 || half > MAX_COORDINATE_BYTES)
    throw new RangeError('not an ECDSA signature r‖s');
  const [r, s] = [rawSignature.subarray(0, half), rawSignature.subarray(half)];
  return new Uint8Array(element(TAG.sequence, unsignedInteger(r), unsignedInteger(s)));
}

/** @throws SyntaxError */
export function ecdsaFromDer(derSignature: Uint8Array, coordinateBytes: number): Uint8Array {
  const [r, s, ...rest] = sequence(readTlv(derSignature)).map(readUnsigned);
  if (!r || !s || rest.length > 0) throw new SyntaxError('not an ECDSA signature');
  if (r.length > coordinateBytes || s.length > coordinateBytes) throw new SyntaxError('coordinate too long');
  const raw = new Uint8Array(2 * coordinateBytes);
  raw.set(r, coordinateBytes - r.length);
  raw.set(s, 2 * coordinateBytes - s.length);
  return raw;
}
