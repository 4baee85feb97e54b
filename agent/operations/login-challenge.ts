/**
 * The value that the token signs for a log-in: `hash(origin) ‖ hash(nonce)`, as in the Web eID authentication token. The origin
 * is that of the handshake, so that a signature made for one site is invalid on another. The token host computes the value for
 * itself. The agent computes it again to verify the signature.
 */

import { createHash, verify } from 'node:crypto';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Hash } from '../../web-bridge/x509/algorithms.ts';
import type { ParsedCertificate } from '../../web-bridge/x509/certificate.ts';
import { KEY_TYPE } from '../../web-bridge/x509/key-types.ts';
import { keyTypeOf } from '../../web-bridge/x509/public-key.ts';
import type { LoginSignature } from '../ports/token.ts';

/**
 * @param hash of the signature algorithm: SHA-256 for ES256, PS256 and RS256, SHA-384 for ES384
 * @param origin `scheme://host[:port]` as the handshake had it
 * @param nonce the challenge string as the server gave it
 * @returns the value that the algorithm signs, with its own hash on top
 */
export function challengeFor(hash: Hash, origin: string, nonce: string): Uint8Array {
  const digest = (text: string) => createHash(hash).update(text, 'utf8').digest();
  return new Uint8Array(Buffer.concat([digest(origin), digest(nonce)]));
}

/** Verifies the signature with the certificate's public key. @throws AgentError ERR_TOKEN_SIGNATURE_WRONG */
export function verifyChallenge(
  { spki, x509 }: ParsedCertificate,
  { algorithm, signature }: LoginSignature,
  origin: string,
  nonce: string,
): void {
  const keyType = keyTypeOf(spki);
  const row = keyType && KEY_TYPE[keyType];
  if (row?.jwa !== algorithm) throw new AgentError('ERR_TOKEN_SIGNATURE_WRONG', { algorithm });
  const key = { key: x509.publicKey, dsaEncoding: 'ieee-p1363' } as const;
  if (!verify(row.hash, challengeFor(row.hash, origin, nonce), key, signature))
    throw new AgentError('ERR_TOKEN_SIGNATURE_WRONG', { algorithm });
}
