/** The public half of a key on the token: its SubjectPublicKeyInfo, made of what the key object shows, and its type. */
import pkcs11js, { type Handle } from 'pkcs11js';
import { asDer, type SpkiDer } from '../../web-bridge/asn1/der.ts';
import { readOid, readTlv, TAG } from '../../web-bridge/asn1/read.ts';
import type { KeyType } from '../../web-bridge/protocol/order.ts';
import { ecSpki, keyTypeOf, rsaSpki } from '../../web-bridge/x509/public-key.ts';
import { attributeIfAny, findOfClass, numberIfAny, type Place } from './objects.ts';

export type PublicHalf = { readonly keyType: KeyType; readonly spki: Buffer };

/** `undefined` where the key is of no type that we use. */
export function publicHalfOf(spki: Uint8Array): PublicHalf | undefined {
  return halfFrom(() => asDer<SpkiDer>(spki));
}

/** What a token shows may be no DER at all. */
function halfFrom(make: () => SpkiDer): PublicHalf | undefined {
  try {
    const spki = make();
    const keyType = keyTypeOf(spki);
    return keyType && { keyType, spki: Buffer.from(spki) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** What a key object, public or private, shows of its public half. `undefined` where it does not (most EC private keys). */
export function publicHalf(place: Place, key: Handle): PublicHalf | undefined {
  const type = numberIfAny(place, key, pkcs11js.CKA_KEY_TYPE);
  if (type === pkcs11js.CKK_RSA) return rsaHalf(place, key);
  return type === pkcs11js.CKK_EC ? ecHalf(place, key) : undefined;
}

function rsaHalf(place: Place, key: Handle): PublicHalf | undefined {
  const modulus = attributeIfAny(place, key, pkcs11js.CKA_MODULUS);
  const exponent = attributeIfAny(place, key, pkcs11js.CKA_PUBLIC_EXPONENT);
  return modulus && exponent ? halfFrom(() => rsaSpki(modulus, exponent)) : undefined;
}

function ecHalf(place: Place, key: Handle): PublicHalf | undefined {
  const parameters = attributeIfAny(place, key, pkcs11js.CKA_EC_PARAMS);
  const point = attributeIfAny(place, key, pkcs11js.CKA_EC_POINT);
  return parameters && point ? halfFrom(() => ecSpki(readOid(readTlv(parameters)), pointOf(point))) : undefined;
}

/**
 * CKA_EC_POINT is a DER OCTET STRING around the point (PKCS#11 v2.40 §2.3.3). Some modules give the bare point, which also
 * begins with 04.
 */
export function pointOf(attribute: Uint8Array): Uint8Array {
  try {
    const { tag, value } = readTlv(attribute);
    return tag === TAG.octetString && value[0] === 0x04 ? value : attribute;
  } catch {
    return attribute;
  }
}

/** Asks the private key itself, then the public key under the same CKA_ID. */
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
