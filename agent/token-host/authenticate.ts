/** The log-in: signs `hash(origin) ‖ hash(nonce)`, made here, with the key of a certificate that lies on this token. */
import { createHash } from 'node:crypto';
import { KEY_TYPE } from '../../web-bridge/x509/key-types.ts';
import type { HostParams, HostResult } from '../token/host-protocol.ts';
import { referenceTo } from './pair.ts';
import type { OpenToken } from './session.ts';
import { signWith } from './sign.ts';

/**
 * 64 or 96 octets that begin with no tag of DER a request could have (`isRequestInfoFor`) nor with the domain of a proof,
 * but by a chance of 2^-64 and less: what is signed here stands for nothing else.
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
