/**
 * `npm run test:token -- --module PATH`: the contract of a token on a token of your own. The PIN is typed in the
 * terminal and stays in memory; everything made bears a label of this run and is removed; at the end there is a row for the
 * compatibility table in `native-config/README.md`.
 */

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import Mocha from 'mocha';
import { closeTerminal, openTerminal, readLine } from '../../agent/dialog/terminal-line.ts';
import type { TokenDescription } from '../../agent/ports/token.ts';
import { createTokens } from '../../agent/token/token.ts';
import { checkModulePath } from '../../native-config/module-path.ts';
import type { Pkcs11Module } from '../../native-config/schema.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Examination } from '../../web-bridge/protocol/methods.ts';
import { KEY_TYPES, type KeyType } from '../../web-bridge/protocol/order.ts';
import { tokenContract } from '../contract/token.ts';
import { argumentsOf } from '../setup/commands.mjs';

const TIMEOUT_MS = 20 * 60_000;
const TYPING_MS = 5 * 60_000;
const LIST_MS = 60_000;

type Slot = { readonly id: number; readonly label: string; readonly serialNumber: string; readonly model: string };
type Found = { readonly library: string; readonly slot: Slot; readonly token: TokenDescription };

const { given } = argumentsOf('token');
const valueOf = (option: string): string | undefined => given[option]?.at(-1);
const wantedKeys = valueOf('keys')?.split(',');

const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'inkan-test-token-'));
// The contract's scripted human reads the PIN from a file in its folder, which so lies in memory and goes with us.
process.env['TMPDIR'] = folder;
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let interrupt = (): void => process.exit(130);
process.on('SIGINT', () => interrupt());
process.exit(await main().catch((error: unknown) => refuse(`The token could not be tried: ${reasonOf(error)}`)));

async function main(): Promise<number> {
  const stranger = wantedKeys?.find((name) => !KEY_TYPES.some((type) => type === name));
  if (stranger !== undefined) return refuse(`There is no key type ${stranger}. There are ${KEY_TYPES.join(', ')}.`);
  const module = await describeModule(resolve(valueOf('module') ?? ''));
  const found = await findToken(module);
  if (typeof found === 'string') return refuse(found);
  const { token } = found;
  console.log(`${found.library}: ${token.label} (${token.model}), slot ${found.slot.id}`);
  const reason = reasonAgainst(token);
  if (reason) return refuse(reason);
  if (token.keyTypes.length === 0) {
    console.log(`\nThis token cannot create keys.\n\n${row(found, [], [], 'cannot create keys')}`);
    return 0;
  }
  const pin = token.pinPad ? '' : await askPin(token);
  if (pin === undefined) return refuse('No PIN, nothing done.');
  return tryToken(module, found, pin);
}

async function describeModule(path: string): Promise<Pkcs11Module> {
  const variables = given['env'] ?? [];
  const environment = Object.fromEntries(variables.map((text) => [text.split('=')[0], text.replace(/^[^=]*=/, '')]));
  const parameters = valueOf('parameters');
  return { path: await checkModulePath(path), environment, ...(parameters ? { parameters } : {}) };
}

async function findToken(module: Pkcs11Module): Promise<Found | string> {
  const { library, slots } = bystander<{ library: string; slots: Slot[] }>(module, ['slots', module.path]);
  const tokens = createTokens({
    modules: async () => [module],
    dialog: { language: 'en', timeoutMs: TYPING_MS },
    profileFolders: [],
    environment: process.env,
    report: (fact, details) => console.error(fact, details),
  });
  const listed = await tokens.list(AbortSignal.timeout(LIST_MS));
  const pairs = slots.flatMap((slot) => {
    const token = listed.find(({ label, serialNumber }) => label === slot.label && serialNumber === slot.serialNumber);
    return token ? [{ library, slot, token }] : [];
  });
  const asked = valueOf('slot');
  const wanted = asked === undefined ? pairs : pairs.filter(({ slot }) => String(slot.id) === asked);
  const [only] = wanted;
  if (only && wanted.length === 1) return only;
  const list = pairs.map(({ slot }) => `  --slot ${slot.id}   ${slot.label} (${slot.model})`);
  return list.length === 0 ? 'This module shows no initialized token.' : `Which token?\n${list.join('\n')}`;
}

/** A test that costs somebody the last tries of a PIN is not worth its row. */
function reasonAgainst(token: TokenDescription): string | undefined {
  if (!token.userPinInitialized) return 'This token has no PIN yet: set it with its own software.';
  if (token.pinLocked) return 'The PIN of this token is locked.';
  if (token.pinCountLow || token.pinFinalTry)
    return 'A wrong PIN was entered before: log in once elsewhere, then again.';
  return token.writeProtected ? 'This token is write-protected.' : undefined;
}

async function askPin(token: TokenDescription): Promise<string | undefined> {
  const terminal = openTerminal();
  terminal.output.write(`PIN of ${token.label}, used many times in this test and kept nowhere: `);
  try {
    const typed = await readLine(terminal, false, TYPING_MS, new AbortController().signal);
    terminal.output.write('\n');
    return typed?.toString('utf8');
  } finally {
    closeTerminal(terminal);
  }
}

async function tryToken(module: Pkcs11Module, found: Found, pin: string): Promise<number> {
  const { token, slot } = found;
  const prefix = `inkan-test-${randomBytes(4).toString('hex')}`;
  const counted = (command: string): { removed: number; objects: number } =>
    bystander(module, [command, module.path, String(slot.id), prefix], pin);
  // One log-in before all others: a wrong PIN must not be sent again and again.
  const before = quietly(() => counted('count').objects);
  if (before === undefined) return refuse('The log-in failed, so nothing was tried. The PIN was sent once.');
  const keyTypes = wantedKeys ? KEY_TYPES.filter((type) => wantedKeys.includes(type)) : token.keyTypes;
  const records: Examination[] = [];
  const own = {
    serialNumber: token.serialNumber,
    objectLabel: `${prefix}-key`,
    examined: (record: Examination) => void records.push(record),
  };
  const staged = { module, labels: [token.label], pin, keyTypes, own, leave: async () => {} };
  const outcome = await runContract(found.library, async () => staged);
  const { removed, objects } = counted('clean');
  console.log(`Removed ${removed} objects of this test; ${objects} on the token, ${before} before.`);
  if (objects !== before) console.error(`!! ${objects - before} objects more than before: look at them yourself.`);
  console.log(`\nFor native-config/README.md:\n${row(found, keyTypes, records, outcome.text)}`);
  return outcome.failed || objects !== before ? 1 : 0;
}

function runContract(
  name: string,
  stage: Parameters<typeof tokenContract>[1],
): Promise<{ readonly failed: boolean; readonly text: string }> {
  const mocha = new Mocha({ reporter: 'spec' });
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  tokenContract(name, stage, { timeoutMs: TIMEOUT_MS, single: true });
  return new Promise((done) => {
    // The first Ctrl-C ends the tests and leaves time to clean up.
    interrupt = () => {
      interrupt = () => process.exit(130);
      runner.abort();
    };
    const runner = mocha.run(() => {
      const { passes = 0, failures = 0 } = runner.stats ?? {};
      done({ failed: failures > 0 || passes === 0, text: `${passes} passed, ${failures} failed` });
    });
  });
}

function row(
  { library, token }: Found,
  keyTypes: readonly KeyType[],
  records: readonly Examination[],
  outcome: string,
): string {
  const [name, version] = /^(.*) (\S+)$/.exec(library)?.slice(1) ?? [library, ''];
  const trials = new Set(
    records.map(({ trials }) => trials.map(({ trial, outcome }) => `${trial} ${outcome}`).join(', ')),
  );
  const when = new Date().toISOString().slice(0, 10);
  const cells = [
    name,
    version,
    token.model,
    keyTypes.join(' '),
    [...trials].join('; '),
    outcome,
    when,
    valueOf('means') ?? 'hardware',
  ];
  return `| ${cells.join(' | ')} |`;
}

function bystander<T>(module: Pkcs11Module, args: readonly string[], pin = ''): T {
  const { PATH, HOME } = process.env;
  const env = {
    PATH,
    HOME,
    ...module.environment,
    ...(module.parameters ? { TEST_TOKEN_PARAMETERS: module.parameters } : {}),
  };
  const file = resolve(import.meta.dirname, 'bystander.js');
  const out = execFileSync(process.execPath, [file, ...args], { env, input: pin, stdio: 'pipe' });
  return JSON.parse(out.toString('utf8')) as T;
}

function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** An error of ours says in its cause what was wrong with a path; a program that failed says it in one line of its output. */
function reasonOf(error: unknown): string {
  if (error instanceof AgentError && error.cause instanceof Error) return error.cause.message;
  return /^Error: (?!Command failed)(.*)$/m.exec(String(error))?.[1] ?? String(error);
}

function refuse(text: string): number {
  console.error(text);
  return 2;
}
