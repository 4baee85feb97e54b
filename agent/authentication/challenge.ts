/**
 * What the token signs to log in: the Web eID authentication token's `hash(origin) ‖ hash(nonce)`. Bound to the origin
 * of the handshake, so that a signature made for one site is worth nothing on another.
 */
import { createHash } from 'node:crypto';

/**
 * @param hash of the signature algorithm: SHA-256 for ES256, PS256 and RS256, SHA-384 for ES384
 * @param origin `scheme://host[:port]` as the handshake had it
 * @param nonce the challenge string as the server gave it
 * @returns the value that the algorithm signs, with its own hash on top
 */
export function challengeFor(hash: 'sha256' | 'sha384', origin: string, nonce: string): Uint8Array {
  const digest = (text: string) => createHash(hash).update(text, 'utf8').digest();
  return new Uint8Array(Buffer.concat([digest(origin), digest(nonce)]));
}
