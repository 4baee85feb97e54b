/** The log-in: signs `hash(origin) ‖ hash(nonce)` with the key of a certificate on this token. The host makes the value. */
import { createHash } from 'node:crypto';
import { KEY_TYPE } from '../../web-bridge/x509/key-types.ts';
import type { HostParams, HostResult } from '../token/host-protocol.ts';
import { referenceTo } from './pair.ts';
import type { OpenToken } from './session.ts';
import { signWith } from './sign.ts';

/**
 * The signed value is two hashes, 64 octets or more. It begins like a request (`isRequestInfoFor`) or like a proof only by
 * a chance of 2^-64 or less, so the signature cannot be taken for one of a request or a proof.
 * @throws AgentError ERR_TOKEN_CERTIFICATE_MISSING, ERR_TOKEN_KEY_MISSING, ERR_TOKEN_SIGNATURE_WRONG
 */
export async function authenticate(
  token: OpenToken,
  { certificate, origin, nonce }: HostParams<'authenticate'>,
): Promise<HostResult<'authenticate'>> {
  const key = referenceTo(token, certificate);
  const { hash, jwa } = KEY_TYPE[key.keyType];
  const digest = (text: string): Buffer => createHash(hash).update(text, 'utf8').digest();
  const signature = await signWith(token, key, Buffer.concat([digest(origin), digest(nonce)]));
  return { algorithm: jwa, signature };
}
