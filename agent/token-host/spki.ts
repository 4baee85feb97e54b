/** SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) of keys on the token, and the keys that belong to one. */
import pkcs11js, { type Handle } from 'pkcs11js';
import { readTlv, TAG } from '../../web-bridge/asn1/read.ts';
import { bitString, element, objectIdentifier, unsignedInteger } from '../../web-bridge/asn1/write.ts';
import type { KeyType } from '../../web-bridge/protocol/order.ts';
import { keyTypeOf } from './key-types.ts';
import { attributeIfAny, findOfClass, numberIfAny, type Place } from './objects.ts';

const RSA_ENCRYPTION = objectIdentifier('1.2.840.113549.1.1.1');
const EC_PUBLIC_KEY = objectIdentifier('1.2.840.10045.2.1');

/** RFC 8017 §A.1.1, RFC 3279 §2.3.1. */
export function rsaSpki(modulus: Uint8Array, exponent: Uint8Array): Buffer {
  const key = element(TAG.sequence, unsignedInteger(modulus), unsignedInteger(exponent));
  const algorithm = element(TAG.sequence, RSA_ENCRYPTION, element(TAG.null));
  return element(TAG.sequence, algorithm, bitString(key));
}

/** RFC 5480 §2. `curve` is the OID's DER. */
export function ecSpki(curve: Uint8Array, point: Uint8Array): Buffer {
  const algorithm = element(TAG.sequence, EC_PUBLIC_KEY, curve);
  return element(TAG.sequence, algorithm, bitString(uncompressed(point)));
}

/** CKA_EC_POINT is a DER OCTET STRING around the point (PKCS#11 v2.40 §2.3.3); a bare point also begins with 04. */
function uncompressed(point: Uint8Array): Uint8Array {
  try {
    const { tag, value } = readTlv(point);
    return tag === TAG.octetString && value[0] === 0x04 ? value : point;
  } catch {
    return point;
  }
}

export type PublicHalf = { readonly keyType: KeyType; readonly spki: Buffer };

/** The public half as a key object, public or private, tells it; `undefined` where it does not (EC private keys mostly). */
export function publicHalf(place: Place, key: Handle): PublicHalf | undefined {
  const cka = numberIfAny(place, key, pkcs11js.CKA_KEY_TYPE);
  if (cka === pkcs11js.CKK_RSA) return rsaHalf(place, key);
  return cka === pkcs11js.CKK_EC ? ecHalf(place, key) : undefined;
}

function rsaHalf(place: Place, key: Handle): PublicHalf | undefined {
  const modulus = attributeIfAny(place, key, pkcs11js.CKA_MODULUS);
  const exponent = attributeIfAny(place, key, pkcs11js.CKA_PUBLIC_EXPONENT);
  if (!modulus || !exponent) return undefined;
  const first = modulus.findIndex((octet) => octet !== 0);
  const keyType = keyTypeOf('rsa', (modulus.length - Math.max(first, 0)) * 8, undefined);
  return keyType && { keyType, spki: rsaSpki(modulus, exponent) };
}

function ecHalf(place: Place, key: Handle): PublicHalf | undefined {
  const curve = attributeIfAny(place, key, pkcs11js.CKA_EC_PARAMS);
  const point = attributeIfAny(place, key, pkcs11js.CKA_EC_POINT);
  const keyType = keyTypeOf('ec', 0, curve);
  return keyType && curve && point ? { keyType, spki: ecSpki(curve, point) } : undefined;
}

/** Asks the key itself, then the public key under the same CKA_ID. */
export function publicHalfOfPrivate(place: Place, key: Handle): PublicHalf | undefined {
  const own = publicHalf(place, key);
  if (own) return own;
  const ckaId = attributeIfAny(place, key, pkcs11js.CKA_ID);
  if (!ckaId) return undefined;
  for (const candidate of findOfClass(place, pkcs11js.CKO_PUBLIC_KEY, ckaId)) {
    const half = publicHalf(place, candidate);
    if (half) return half;
  }
  return undefined;
}
