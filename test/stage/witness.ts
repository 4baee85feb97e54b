/** Tools that are not ours look at what we made: what lies on a token, whether openssl agrees. */
import { execFileSync } from 'node:child_process';
import type { CustomerPc } from './customer-pc.ts';

/** `pkcs11-tool --list-objects` after log-in, one line an object: "Private Key Object; EC", … */
export function objectsOn(pc: CustomerPc, label: string): string[] {
  return pkcs11Tool(pc, label, ['--list-objects'])
    .split('\n')
    .filter((line) => / Object[;,]/.test(line))
    .sort();
}

/** The PIN goes by the environment: arguments are for everybody to read. */
export function pkcs11Tool(pc: CustomerPc, label: string, args: readonly string[], input?: Uint8Array): string {
  const { PATH } = process.env;
  const login = ['--module', pc.module, '--token-label', label, '--login', '--pin', 'env:TOKEN_PIN'];
  const env = { PATH, ...pc.tokenEnvironment, TOKEN_PIN: pc.pin };
  return execFileSync('pkcs11-tool', [...login, ...args], {
    env,
    encoding: 'utf8',
    input,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

export type TokenObject = { readonly kind: 'Private Key' | 'Public Key' | 'Certificate'; readonly id: string };

/** The same list as kinds and CKA_IDs; an object without a CKA_ID has an empty one. */
export function tokenObjects(pc: CustomerPc, label: string): TokenObject[] {
  const blocks = pkcs11Tool(pc, label, ['--list-objects']).split(/^(?=\S[^\n]* Object[;,])/m);
  return blocks.flatMap((block) => {
    const kind = /^(Private Key|Public Key|Certificate) Object[;,]/.exec(block)?.[1];
    return kind ? [{ kind: kind as TokenObject['kind'], id: /^\s+ID:\s+([0-9a-f]+)/m.exec(block)?.[1] ?? '' }] : [];
  });
}
