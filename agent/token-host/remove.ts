/**
 * Takes one certificate and its pair from the token, and looks afterwards in a module started anew: some cards delete only
 * half (CardOS, PivApplet). Key by key, the certificate last, and no further where one stays: so a removal that was cut off or
 * refused can be asked for again, and a private key that stays keeps what it needs.
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
  await token.teller.step('remove');
  const handle = findCertificate(token, certificate.value);
  if (!handle) throw new AgentError('ERR_TOKEN_CERTIFICATE_MISSING');
  if (isShared(token, certificate)) throw new AgentError('ERR_POLICY_REMOVAL_REFUSED', { reason: 'shared key' });
  const ckaId = attributeIfAny(token, handle, pkcs11js.CKA_ID);
  for (const kind of ['privateKeys', 'publicKeys', 'certificates'] as const) {
    for (const object of belongingsOf(token, certificate, ckaId)[kind]) destroyIfPossible(token, object);
    if (belongingsOf(token, certificate, ckaId)[kind].length > 0) break;
  }
  await token.teller.step('restart');
  restart(token);
  await login(token);
  await token.teller.step('list');
  return { left: Object.values(belongingsOf(token, certificate, ckaId)).flat().length };
}

/** What could not be destroyed is counted afterwards. */
function destroyIfPossible({ p11, session }: OpenToken, object: Handle): void {
  try {
    p11.C_DestroyObject(session, object);
  } catch {
    // Some modules refuse what they do, and do what they refuse: what counts is what is still there.
  }
}
