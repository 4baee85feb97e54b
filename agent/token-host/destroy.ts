/** Destroys a key pair that never got its certificate, and counts what is left: CardOS and PivApplet delete only half. */
import pkcs11js, { type Handle } from 'pkcs11js';
import type { HostParams, HostResult } from '../token/host-protocol.ts';
import { login } from './login.ts';
import { attributeIfAny, findOfClass, findUnder } from './objects.ts';
import { publicHalfOfPrivate } from './public-half.ts';
import type { OpenToken } from './session.ts';

/**
 * A key with a certificate is never destroyed: if there is one under the CKA_ID, nothing is touched. If the public key is
 * known, halves that the card keeps under another CKA_ID (GIDS) are destroyed too.
 */
export async function destroy(token: OpenToken, request: HostParams<'destroy'>): Promise<HostResult<'destroy'>> {
  const { ckaId } = request;
  await login(token);
  await token.progress.step('remove');
  if (isCertified(token, ckaId)) return { left: findUnder(token, ckaId).length };
  const spki = request.spki ?? spkiUnder(token, ckaId);
  const ofPair = (): Handle[] => [...findUnder(token, ckaId), ...(spki ? elsewhere(token, ckaId, spki) : [])];
  for (const handle of ofPair()) {
    try {
      token.p11.C_DestroyObject(token.session, handle);
    } catch {
      // What could not be destroyed is counted below.
    }
  }
  return { left: ofPair().length };
}

function isCertified(token: OpenToken, ckaId: Uint8Array): boolean {
  return findOfClass(token, pkcs11js.CKO_CERTIFICATE, ckaId).length > 0;
}

function spkiUnder(token: OpenToken, ckaId: Uint8Array): Buffer | undefined {
  const [key] = findOfClass(token, pkcs11js.CKO_PRIVATE_KEY, ckaId);
  return key && publicHalfOfPrivate(token, key)?.spki;
}

/** Halves of the same pair under another CKA_ID, unless a certificate has that CKA_ID. */
function elsewhere(token: OpenToken, ckaId: Uint8Array, spki: Uint8Array): Handle[] {
  const keys = [pkcs11js.CKO_PRIVATE_KEY, pkcs11js.CKO_PUBLIC_KEY].flatMap((name) => findOfClass(token, name));
  return keys.filter((key) => {
    const own = attributeIfAny(token, key, pkcs11js.CKA_ID);
    if (!own || own.equals(ckaId) || isCertified(token, own)) return false;
    return publicHalfOfPrivate(token, key)?.spki.equals(spki) === true;
  });
}
