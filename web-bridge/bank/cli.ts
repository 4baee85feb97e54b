#!/usr/bin/env node
/** `inkan-bank`: signs an order from the command line, for a bank's first steps and for tests. */
import { readFileSync, statSync } from 'node:fs';
import { Command } from 'commander';
import { newOrderClaims, type OrderDraft, signOrder } from './order.ts';
import { readSigningKey, type SigningKey } from './signing-key.ts';

type Options = { key: string; claims: string; kid?: string; algorithm?: string };

const program = new Command('inkan-bank').description("Tools of a bank's server for Inkan (specification: ORDER.md)");

program
  .command('sign-order')
  .description('print the compact order on standard output')
  .requiredOption('--key <file>', 'private key, PEM or JWK, readable by its owner only')
  .requiredOption(
    '--claims <file>',
    'JSON of the claims, "-" for standard input; aud, jti, iat and exp may be left out',
  )
  .option('--kid <kid>', 'key id; by default the one in the JWK, else the RFC 7638 thumbprint')
  .option('--algorithm <name>', 'for RSA keys: PS256 (default) or RS256')
  .action(async (options: Options) => {
    const key = await readKeyFile(options);
    const claims = readClaims(options.claims);
    const order = await attempt('Could not sign the order', () => signOrder(newOrderClaims(claims), key));
    process.stdout.write(`${order}\n`);
  });

async function readKeyFile({ key: file, kid, algorithm }: Options): Promise<SigningKey> {
  const what = `Could not read the key ${file}`;
  const text = await attempt(what, () => {
    refuseIfReadableByOthers(file);
    return readFileSync(file, 'utf8');
  });
  return attempt(what, () => readSigningKey(text, { kid, algorithm }));
}

function refuseIfReadableByOthers(file: string): void {
  const mode = statSync(file).mode & 0o777;
  if (process.platform === 'win32' || (mode & 0o077) === 0) return;
  throw new Error(`others can read it (mode ${mode.toString(8)}); run: chmod 600 ${file}`);
}

function readClaims(file: string): OrderDraft {
  const text = readText(file);
  try {
    return JSON.parse(text) as OrderDraft;
  } catch {
    // The parser's own message would quote the claims, which hold a secret.
    return fail(`Could not read the claims ${file}: not JSON`);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    return fail(`Could not read the claims ${file}: ${(error as Error).message}`);
  }
}

async function attempt<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    return fail(`${what}: ${(error as Error).message}`);
  }
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

// Not awaited, because the bundle is CommonJS, which has no top-level await.
void program.parseAsync();
