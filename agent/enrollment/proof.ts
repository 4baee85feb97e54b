/** What the proof of possession signs after the write-back; its layout is on the wire: `web-bridge/README.md`. */

import { createHash } from 'node:crypto';
import type { StateOf } from '../ports/state.ts';

type Proven = Pick<StateOf<'stored'>, 'plan' | 'csr' | 'key'>;

/**
 * SHA-256 each of the order's `jti`, of the CSR and of the examination record, then the nonce; the token host puts its
 * domain before it.
 */
export function challengeOf({ plan, csr, key }: Proven, nonce: Uint8Array): Uint8Array {
  const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest();
  return new Uint8Array(Buffer.concat([sha256(plan.jti), sha256(csr), sha256(canonicalJson(key.examination)), nonce]));
}

/** RFC 8785 for what an examination record is made of: no numbers are among it. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`;
}
