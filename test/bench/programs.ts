/** Programs that are timed from outside, each with a minimal environment: an inherited Node variable costs tens of milliseconds. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import type { SoftHsm } from '../stage/softhsm.ts';
import type { ReferenceCa } from './reference-ca.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const HEADERS = join(ROOT, 'node_modules/pkcs11js/includes/pkcs11');

/** Compiles the floor into `folder`. */
export function buildFloor(folder: string): string {
  const program = join(folder, 'floor');
  const source = join(ROOT, 'test/native/floor.c');
  execFileSync('cc', ['-O2', '-I', HEADERS, '-o', program, source, '-ldl'], { stdio: 'inherit' });
  return program;
}

export function minimal(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8', ...more };
}

/** Runs a program to its end; what it printed. */
export async function run(
  program: string,
  args: readonly string[],
  environment: Record<string, string>,
): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { env: environment, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** What the C program and the shell recipe send and with which authorization; anew for each run. */
export function layRequest(folder: string, ca: ReferenceCa): void {
  const { id, secret } = ca.authorize();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'tls-root.pem'), ca.tlsRoot);
  writeFileSync(join(folder, 'subject.der'), subjectDer(ca));
  const options = [
    'silent',
    'show-error',
    'fail',
    `cacert = "tls-root.pem"`,
    `user = "${id}:${secret}"`,
    'header = "Content-Type: application/pkcs10"',
    'header = "Content-Transfer-Encoding: base64"',
    `url = "${ca.url}/simpleenroll"`,
  ];
  writeFileSync(join(folder, 'curl.conf'), `${options.join('\n')}\n`, { mode: 0o600 });
}

function subjectDer({ subject }: ReferenceCa): Buffer {
  const rdn = ([type, value]: readonly [string, string]) => ({
    [type]: [type === 'C' ? { printableString: value } : { utf8String: value }],
  });
  return Buffer.from(new x509.Name(subject.map(rdn)).toArrayBuffer());
}

/** The same enrollment in C, with curl for the CA. */
export function enrollInC(floor: string, token: SoftHsm, label: string, folder: string): Promise<string> {
  return inC(floor, ['enroll', token.module, label, folder], token);
}

export function inC(floor: string, args: readonly string[], token: SoftHsm): Promise<string> {
  return run(floor, args, minimal({ ...token.environment, FLOOR_PIN: token.pin }));
}

/** Between runs: each is to find the token as the first one found it. */
export function clear(floor: string, token: SoftHsm, label: string): Promise<string> {
  return inC(floor, ['clear', token.module, label], token);
}

/** The same enrollment by pkcs11-tool, openssl and curl. */
export function enrollByHand(token: SoftHsm, label: string, folder: string): Promise<string> {
  const recipe = join(ROOT, 'test/bench/recipe.sh');
  return run('/bin/sh', [recipe, token.module, label, folder], minimal({ ...token.environment, TOKEN_PIN: token.pin }));
}
