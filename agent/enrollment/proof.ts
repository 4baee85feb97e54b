/** What the proof of possession signs after the write-back; its layout is on the wire: `web-bridge/README.md`. */
import { createHash } from 'node:crypto';
import type { StateOf } from './state.ts';

/** SHA-256 of the order's `jti`, SHA-256 of the CSR, then the nonce; the token host puts its domain before it. */
export function challengeOf({ plan, csr }: Pick<StateOf<'stored'>, 'plan' | 'csr'>, nonce: Uint8Array): Uint8Array {
  const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest();
  return new Uint8Array(Buffer.concat([sha256(plan.jti), sha256(csr), nonce]));
}
