/** Removes a pair that never got its certificate, and says what is left: some cards delete only half (CardOS, PivApplet). */
import pkcs11js from 'pkcs11js';
import type { HostParams, HostResult } from '../token/host-protocol.ts';
import { login } from './login.ts';
import { findOfClass, findUnder } from './objects.ts';
import type { OpenToken } from './session.ts';
import { publicHalf, publicHalfOfPrivate } from './spki.ts';

/** With a certificate under the CKA_ID nothing is touched: once issued, a key is never destroyed. */
export async function destroy(token: OpenToken, { ckaId }: HostParams<'destroy'>): Promise<HostResult<'destroy'>> {
  await login(token);
  await token.teller.step('remove');
  if (findOfClass(token, pkcs11js.CKO_CERTIFICATE, ckaId).length > 0) return { left: findUnder(token, ckaId).length };
  const spki = spkiUnder(token, ckaId);
  for (const handle of findUnder(token, ckaId)) {
    try {
      token.p11.C_DestroyObject(token.session, handle);
    } catch {
      // What could not be destroyed is counted below.
    }
  }
  return { left: findUnder(token, ckaId).length + (spki ? countElsewhere(token, ckaId, spki) : 0) };
}

function spkiUnder(token: OpenToken, ckaId: Uint8Array): Buffer | undefined {
  const [key] = findOfClass(token, pkcs11js.CKO_PRIVATE_KEY, ckaId);
  return key && publicHalfOfPrivate(token, key)?.spki;
}

/** Halves of the same pair that the token keeps under another CKA_ID. */
function countElsewhere(token: OpenToken, ckaId: Uint8Array, spki: Buffer): number {
  const under = new Set(findUnder(token, ckaId).map((handle) => handle.toString('hex')));
  const keys = [pkcs11js.CKO_PRIVATE_KEY, pkcs11js.CKO_PUBLIC_KEY].flatMap((name) => findOfClass(token, name));
  return keys.filter((key) => !under.has(key.toString('hex')) && publicHalf(token, key)?.spki.equals(spki)).length;
}
