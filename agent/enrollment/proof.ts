/** The value that the new key signs as the proof of possession, after the write-back. `web-bridge/README.md` defines it. */

import { createHash } from 'node:crypto';
import type { StateOf } from '../ports/state.ts';

type Proven = Pick<StateOf<'stored'>, 'plan' | 'csr' | 'key'>;

/**
 * `SHA-256(jti) ‖ SHA-256(CSR) ‖ SHA-256(examination record) ‖ nonce`. The token host puts its domain prefix before it.
 */
export function challengeOf({ plan, csr, key }: Proven, nonce: Uint8Array): Uint8Array {
  const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest();
  return new Uint8Array(Buffer.concat([sha256(plan.jti), sha256(csr), sha256(canonicalJson(key.examination)), nonce]));
}

/** RFC 8785, without its rules for numbers, which an examination record does not contain. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`;
}
