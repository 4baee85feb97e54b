/**
 * Removes one certificate and its key pair from the token. Afterwards the module is started anew to see what is left: CardOS
 * and PivApplet delete only half. The private key goes first and the certificate last, and the removal stops at what cannot be
 * destroyed. So an interrupted removal can be repeated, and a private key that stays keeps its certificate.
 */
import pkcs11js, { type Handle } from 'pkcs11js';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { HostParams, HostResult } from '../token/host-protocol.ts';
import { readCertificate } from './certificate.ts';
import { login } from './login.ts';
import { attributeIfAny, findCertificate } from './objects.ts';
import { belongingsOf, isShared } from './pair.ts';
import { type OpenToken, restart } from './session.ts';

/** @throws AgentError ERR_TOKEN_CERTIFICATE_MISSING, ERR_POLICY_REMOVAL_REFUSED and what `login` throws */
export async function remove(token: OpenToken, params: HostParams<'remove'>): Promise<HostResult<'remove'>> {
  const certificate = readCertificate(params.certificate);
  await login(token);
  await token.progress.step('remove');
  const handle = findCertificate(token, certificate.value);
  if (!handle) throw new AgentError('ERR_TOKEN_CERTIFICATE_MISSING');
  if (isShared(token, certificate)) throw new AgentError('ERR_POLICY_REMOVAL_REFUSED', { reason: 'shared key' });
  const ckaId = attributeIfAny(token, handle, pkcs11js.CKA_ID);
  for (const kind of ['privateKeys', 'publicKeys', 'certificates'] as const) {
    for (const object of belongingsOf(token, certificate, ckaId)[kind]) destroyIfPossible(token, object);
    if (belongingsOf(token, certificate, ckaId)[kind].length > 0) break;
  }
  await token.progress.step('restart');
  restart(token);
  await login(token);
  await token.progress.step('list');
  return { left: Object.values(belongingsOf(token, certificate, ckaId)).flat().length };
}

/** What could not be destroyed is counted afterwards. */
function destroyIfPossible({ p11, session }: OpenToken, object: Handle): void {
  try {
    p11.C_DestroyObject(session, object);
  } catch {
    // Some modules report an error and destroy the object, or the reverse. What is still there is what counts.
  }
}
