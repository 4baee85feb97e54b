/**
 * Attestation: certificates in which the vendor says how the key was made. Some modules (ykcs11) show them as session
 * objects under the key's CKA_ID. They go to the bank with the result; the bank judges them by the vendor's root. Nobody
 * logs in with them.
 */
import { createPublicKey, X509Certificate } from 'node:crypto';
import pkcs11js from 'pkcs11js';
import { attributeIfAny, findObjects, type Place } from './objects.ts';

const MAX_ATTESTATIONS = 4;
const MAX_BYTES = 16 * 1024;

export function attestationsOf(place: Place, ckaId: Uint8Array, spki: Uint8Array): Buffer[] {
  const handles = findObjects(place, [
    { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_CERTIFICATE },
    { type: pkcs11js.CKA_TOKEN, value: false },
    { type: pkcs11js.CKA_ID, value: Buffer.from(ckaId) },
  ]);
  const values = handles.flatMap((handle) => attributeIfAny(place, handle, pkcs11js.CKA_VALUE) ?? []);
  return values.filter((value) => value.length <= MAX_BYTES && isForKey(value, spki)).slice(0, MAX_ATTESTATIONS);
}

function isForKey(value: Buffer, spki: Uint8Array): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    return new X509Certificate(value).publicKey.equals(key);
  } catch {
    return false;
  }
}
