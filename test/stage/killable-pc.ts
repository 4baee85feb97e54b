/** A PC whose agent can be killed anywhere: PKCS#11 calls are counted, HTTP requests are seen, system calls are traced. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { referenceTo } from '../../web-bridge/bank/login.ts';
import { type FaultyCa, issueOnce, type Moment, type Operation, startFaultyCa } from '../doubles/faulty-ca.ts';
import { compileFaultyModule, type FaultyModule, faultyModuleOver } from '../doubles/faulty-module.ts';
import { type CustomerPc, setUpPc } from './customer-pc.ts';
import { openTestBank, type TestBank } from './test-bank.ts';
import { tokenObjects } from './witness.ts';

/** What ships, but for the scripted human. */
const INKAN = resolve(import.meta.dirname, '../../bundle-scripted/agent/cli/index.js');
/** What of the agent's system calls is a write that lasts. */
export const DURABLE = ['openat', 'write', 'fsync', 'rename', 'unlink', 'link'] as const;

/** Where the agent, its token host or both are killed. */
export type Point =
  | { readonly at: 'pkcs11'; readonly call: number; readonly whom: 'kill' | 'kill-both' }
  | { readonly at: 'http'; readonly operation: Operation; readonly moment: Moment }
  | { readonly at: 'system call'; readonly name: (typeof DURABLE)[number]; readonly count: number };

export type KillablePc = {
  /** The token as it is now is what each point begins with. */
  keep(): void;
  restore(): void;
  order(replaces?: X509Certificate): Promise<string>;
  /** One command of the CLI, killed at the point or let through. */
  inkan(args: readonly string[], point?: Point): Promise<Run>;
  /** The same, traced: how often each of {@link DURABLE} is called, at most, by one thread. */
  traced(args: readonly string[]): Promise<ReadonlyMap<string, number>>;
  journal(): JournalFile[];
  /** CKA_IDs of all private keys, of all certificates of customers. */
  keys(): string[];
  certificates(): string[];
  readonly calls: FaultyModule['calls'];
  readonly ca: FaultyCa;
  close(): Promise<void>;
};
export type Run = { readonly killed: boolean; readonly json: { readonly result?: { readonly certificate: string } } };
export type JournalFile = {
  readonly enrollment: string;
  readonly state: { readonly name: string; readonly plan: { readonly jti: string } };
  /** CKA_IDs, in hexadecimal. */
  readonly knows: readonly string[];
};

export async function setUpKillablePc(folder: string): Promise<KillablePc> {
  const bank = await openTestBank({ test: true });
  const ca = await startFaultyCa(bank.authority);
  ca.answer = issueOnce(bank.authority, ca);
  const pc = setUpPc(folder);
  addProfile(pc, bank, ca);
  const real = { module: pc.module, environment: pc.tokenEnvironment, pin: pc.pin };
  const faulty = faultyModuleOver(real, compileFaultyModule(folder), folder);
  const plan = (text: string) => putModule(folder, faulty.planned(text));
  const [state, tokens, kept] = ['state', 'tokens', 'kept'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const above = chainIds(bank);

  async function run(command: readonly string[], armed: (agent: ChildProcess) => void): Promise<Run> {
    const [program = '', ...args] = command;
    const env = { ...pc.environment, UV_THREADPOOL_SIZE: '1' };
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'ignore'], detached: true });
    armed(child);
    const ended = new Promise<NodeJS.Signals | null>((done) => child.once('exit', (_, signal) => done(signal)));
    const [stdout, signal] = await Promise.all([text(child.stdout), ended]);
    await groupIsGone(child.pid ?? 0);
    ca.onMoment = () => {};
    return { killed: signal === 'SIGKILL', json: stdout.startsWith('{') ? JSON.parse(stdout) : {} };
  }

  return {
    ca,
    calls: faulty.calls,
    keep: () => cpSync(tokens, kept, { recursive: true }),
    restore() {
      for (const path of [state, tokens]) rmSync(path, { recursive: true, force: true });
      cpSync(kept, tokens, { recursive: true });
      ca.issued.length = ca.requests.length = 0;
    },
    order: async (replaces) => {
      const purpose = replaces ? { purpose: 'reenroll', replaces: referenceTo(replaces) } : {};
      return own(join(folder, 'order'), await bank.order({ keys: ['ec-p256'], ...purpose }));
    },
    inkan(args, point) {
      plan(point?.at === 'pkcs11' ? `@:${point.call}:${point.whom}` : '');
      return run(
        [...tracer(point), process.execPath, INKAN, ...args, '--scripted-human', pc.script, '--json'],
        (agent) => {
          if (point?.at === 'http') killAt(ca, point, agent);
        },
      );
    },
    async traced(args) {
      plan('');
      const log = join(folder, 'trace');
      const command = ['strace', '-f', '-b', 'execve', '-qq', '-o', log, '-e', `trace=${DURABLE.join()},close`];
      await run([...command, process.execPath, INKAN, ...args, '--scripted-human', pc.script, '--json'], () => {});
      return countByName(readFileSync(log, 'utf8'));
    },
    journal: () => journalOf(join(state, 'journal')),
    keys: () => tokenObjects(pc, 'desk').flatMap(({ kind, id }) => (kind === 'Private Key' ? [id] : [])),
    certificates: () =>
      tokenObjects(pc, 'desk').flatMap(({ kind, id }) => (kind === 'Certificate' && !above.has(id) ? [id] : [])),
    close: () => ca.close(),
  };
}

function own(file: string, text: string): string {
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

function addProfile(pc: CustomerPc, bank: TestBank, ca: FaultyCa): void {
  const { enrollment, ...profile } = JSON.parse(JSON.stringify(bank.profile)) as typeof bank.profile;
  const customers = { ...enrollment['customers'], url: ca.url, resend: 'idempotent' };
  pc.addProfile({ ...profile, enrollment: { customers }, deadlines: { retryAtLeastMs: 50 } });
}

function putModule(folder: string, module: ReturnType<FaultyModule['planned']>): void {
  const file = join(folder, 'config/agent.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  own(file, JSON.stringify({ ...config, modules: [module] }));
}

/** CKA_IDs that the certificates above the customer's get. */
function chainIds({ authority }: TestBank): ReadonlySet<string> {
  const digest = (der: Uint8Array) => createHash('sha256').update(der).digest('hex').slice(0, 40);
  return new Set([authority.root, authority.issuing].map(({ certificate }) => digest(certificate)));
}

/** strace delivers SIGKILL as the system call begins; it lets the token host go its own way (-b execve). */
function tracer(point: Point | undefined): string[] {
  if (point?.at !== 'system call') return [];
  const inject = `inject=${point.name}:signal=KILL:when=${point.count}`;
  return ['strace', '-f', '-b', 'execve', '-qq', '-o', '/dev/null', '-e', `trace=${point.name}`, '-e', inject];
}

function killAt(ca: FaultyCa, point: Extract<Point, { at: 'http' }>, agent: ChildProcess): void {
  ca.onMoment = (operation, moment) => {
    if (operation === point.operation && moment === point.moment) agent.kill('SIGKILL');
  };
}

/** The token host goes when its agent is gone; what it does until then belongs to the point. */
async function groupIsGone(group: number): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    try {
      process.kill(-group, 0);
    } catch {
      return;
    }
    await sleep(10);
  }
  process.kill(-group, 'SIGKILL');
  throw new Error('a token host outlived its agent by five seconds');
}

function countByName(trace: string): ReadonlyMap<string, number> {
  const byThread = new Map<string, number>();
  const counts = new Map<string, number>();
  for (const [, thread = '', name = ''] of trace.matchAll(/^(\d+) +(\w+)\(/gm)) {
    const count = (byThread.get(thread + name) ?? 0) + 1;
    byThread.set(thread + name, count);
    counts.set(name, Math.max(count, counts.get(name) ?? 0));
  }
  return counts;
}

function journalOf(folder: string): JournalFile[] {
  return namesIn(folder).flatMap((name) => {
    if (!name.endsWith('.json') || name.startsWith('.')) return [];
    const text = readFileSync(join(folder, name), 'utf8');
    const entry = JSON.parse(text) as JournalFile & { state: { ckaId?: Bytes; leftover?: { ckaId: Bytes } } };
    const ids = [entry.state.ckaId, entry.state.leftover?.ckaId].flatMap((id) => (id ? [id.base64] : []));
    return [{ ...entry, knows: ids.map((id) => Buffer.from(id, 'base64').toString('hex')) }];
  });
}
type Bytes = { readonly base64: string };

function namesIn(folder: string): string[] {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export function hasStrace(): boolean {
  return spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']).status === 0;
}

export function certificateIn({ json }: Run): X509Certificate | undefined {
  return json.result && new X509Certificate(Buffer.from(json.result.certificate, 'base64'));
}
