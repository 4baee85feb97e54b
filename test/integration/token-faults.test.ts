/**
 * The fault matrix: every PKCS#11 call of an enrollment, as a clean run makes them, × what a module may do there. Whatever
 * it does, the enrollment says by a right code why it waits, the token holds nothing that the journal does not know, and
 * going on ends in exactly one key with one certificate.
 *
 * `npm test` walks a part that is the same each time: each function in each process once, all behaviours where something
 * is made. INKAN_FULL=1 walks everything.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Progress } from '../../agent/enrollment/active.ts';
import type { Agent } from '../../agent/main.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { childrenOf, isGone, until } from '../contract/processes.ts';
import { type FaultyCa, startFaultyCa } from '../doubles/faulty-ca.ts';
import { compileFaultyModule, type FaultyModule, faultyModuleOver } from '../doubles/faulty-module.ts';
import { type CustomerPc, setUpPc } from '../stage/customer-pc.ts';
import { ORIGIN, openTestBank, type TestBank } from '../stage/test-bank.ts';
import { type TokenObject, tokenObjects } from '../stage/witness.ts';

const FULL = process.env['INKAN_FULL'] === '1';
/** Most of a case is waiting: for processes to start, and for deadlines. */
const LANES = FULL ? 3 : 4;

/** Long enough for a start on a busy machine, short enough to be waited for where the module hangs. */
const SHORT = { start: 2500, list: 900, login: 900, generate: 1500, sign: 900, write: 900, restart: 2000, remove: 900 };

type Behaviour = { readonly name: string; readonly plan: string; readonly codes: RegExp };
/** Where no token is seen, it is missing; an answer to C_Initialize is one of a module that cannot be loaded. */
const ANSWERED = 'ERR_TOKEN_MISSING|ERR_MODULE_LOAD_FAILED';
const BEHAVIOURS: readonly Behaviour[] = [
  { name: 'CKR_DEVICE_REMOVED', plan: '0x32', codes: new RegExp(`^(ERR_TOKEN_REMOVED|${ANSWERED})$`) },
  { name: 'CKR_GENERAL_ERROR', plan: '0x5', codes: new RegExp(`^(ERR_TOKEN_FAILED|${ANSWERED})$`) },
  { name: 'CKR_DEVICE_ERROR', plan: '0x30', codes: new RegExp(`^(ERR_TOKEN_FAILED|${ANSWERED})$`) },
  { name: 'abort', plan: 'abort', codes: /^(ERR_TOKEN_HOST_CRASHED|ERR_TOKEN_MISSING)$/ },
  { name: 'hang', plan: 'hang', codes: /^(ERR_TOKEN_HOST_TIMEOUT|ERR_TOKEN_MISSING)$/ },
];
/** Where all behaviours are tried in the short walk too: what makes, signs or writes. */
const MAKING = /^C_(GenerateKeyPair|Sign|CreateObject)$/;

type Case = { readonly call: number; readonly name: string; readonly behaviour: Behaviour };

function allCases(calls: readonly string[]): Case[] {
  return calls.flatMap((name, index) => BEHAVIOURS.map((behaviour) => ({ call: index + 1, name, behaviour })));
}

/** The calls fall into processes and starts of the module: the walk takes each function once in each. */
function someCases(calls: readonly string[]): Case[] {
  let start = 0;
  const seen = new Set<string>();
  let turn = 0;
  return calls.flatMap((name, index) => {
    if (name === 'C_Initialize') start += 1;
    const first = !seen.has(`${start} ${name}`);
    seen.add(`${start} ${name}`);
    if (!first) return [];
    turn += 1;
    const behaviours = MAKING.test(name) ? BEHAVIOURS : [BEHAVIOURS[turn % BEHAVIOURS.length]!];
    return behaviours.map((behaviour) => ({ call: index + 1, name, behaviour }));
  });
}

describe('integration: the fault matrix of a token', function () {
  this.timeout(FULL ? 60 * 60_000 : 180_000);
  let shared: string;
  let faultyPath: string;
  let bank: TestBank;
  let ca: FaultyCa;

  before(async () => {
    shared = mkdtempSync(join(tmpdir(), 'inkan-faults-'));
    faultyPath = compileFaultyModule(shared);
    bank = await openTestBank({ test: true });
    ca = await startFaultyCa(bank.authority);
  });
  after(async () => {
    await ca.close();
    rmSync(shared, { recursive: true, force: true });
  });

  /** How often each code was answered; *borne*: the enrollment went on in spite of the fault. */
  const seen = new Map<string, number>();

  type Stage = { readonly pc: CustomerPc; readonly faulty: FaultyModule; readonly agent: Agent };

  /** A PC of its own for each case, whose module follows the plan. */
  async function staged<T>(plan: string, short: boolean, work: (stage: Stage) => Promise<T>): Promise<T> {
    const folder = mkdtempSync(join(shared, 'case-'));
    const pc = setUpPc(folder);
    const faulty = faultyModuleOver({ ...pc, environment: pc.tokenEnvironment }, faultyPath, folder);
    pc.setModules([faulty.planned(plan)]);
    const { enrollment, ...profile } = JSON.parse(JSON.stringify(bank.profile)) as typeof bank.profile;
    const deadlines = { retryAtLeastMs: 50, ...(short ? { token: SHORT } : {}) };
    pc.addProfile({ ...profile, enrollment: { customers: { ...enrollment['customers'], url: ca.url } }, deadlines });
    const agent = await pc.compose();
    try {
      return await work({ pc, faulty, agent });
    } finally {
      await agent.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }

  async function enroll(agent: Agent, order: string): Promise<Progress> {
    const enrollment = await agent.enrollments.begin(order, ORIGIN, 'enroll');
    return await agent.enrollments.settled(enrollment, 'owner');
  }

  /** All calls of an enrollment in which nothing goes wrong. */
  const cleanCalls = () =>
    staged('', false, async ({ agent, faulty }) => {
      expect((await enroll(agent, await bank.order({ keys: ['ec-p256'] }))).state).to.equal('completed');
      return faulty.calls();
    });

  /** What is wrong with a case, or nothing. */
  function walk({ call, behaviour }: Case): Promise<string | undefined> {
    return staged(`@:${call}:${behaviour.plan}`, behaviour.name === 'hang', async ({ agent, pc }) => {
      const order = await bank.order({ keys: ['ec-p256'] });
      const first = await enroll(agent, order);
      const code = first.error?.code;
      seen.set(code ?? 'borne', (seen.get(code ?? 'borne') ?? 0) + 1);
      if (first.state !== 'completed' && !behaviour.codes.test(code ?? 'no code')) return `${first.state} by ${code}`;
      const unknown = await unknownObjects(agent, tokenObjects(pc, 'desk'));
      if (unknown.length > 0) return `after ${code} on the token, not in the journal: ${unknown.join(', ')}`;
      const last = await goOn(agent, first, order);
      if (last.state !== 'completed') return `resumed, it is ${last.state} by ${last.error?.code}`;
      return await notOneOfEach(agent, last, tokenObjects(pc, 'desk'));
    }).catch((error: unknown) => `threw ${(error as AgentError).code ?? String(error)}`);
  }

  /** As the person would: resumes what waits, begins anew what was never consented or has failed. */
  async function goOn(agent: Agent, progress: Progress, order: string): Promise<Progress> {
    if (progress.state === 'completed') return progress;
    if (!(await agent.ports.journal.read(progress.enrollment))) return await enroll(agent, order);
    if (progress.state === 'failed') return await enroll(agent, await bank.order({ keys: ['ec-p256'] }));
    agent.enrollments.resume(progress.enrollment, 'owner');
    return await agent.enrollments.settled(progress.enrollment, 'owner');
  }

  it('is walked: the right code, nothing left that the journal does not know, and one key with one certificate at the end', async () => {
    const calls = await cleanCalls();
    const cases = FULL ? allCases(calls) : someCases(calls);
    console.log(
      `      ${cases.length} cases of ${calls.length * BEHAVIOURS.length}: ${calls.length} calls × ${BEHAVIOURS.length} behaviours`,
    );
    const wrong: string[] = [];
    const queue = [...cases];
    const lane = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const problem = await walk(next);
        if (problem) wrong.push(`call ${next.call} ${next.name}, ${next.behaviour.name}: ${problem}`);
        if (FULL && queue.length % 100 === 0) console.log(`      ${queue.length} to go, ${wrong.length} wrong`);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    console.log(`      ${[...seen].map(([code, times]) => `${code} ${times}`).join(', ')}`);
    expect(wrong).to.deep.equal([]);
    await until('no token host is left', () => childrenOf(process.pid).every(isGone), 5_000);
  });
});

async function unknownObjects(agent: Agent, objects: readonly TokenObject[]): Promise<string[]> {
  const entries = (await agent.ports.journal.list()).map(({ state }) => state);
  const known = new Set(
    entries.flatMap((state) => {
      const { ckaId } = 'ckaId' in state ? state : (state.leftover ?? {});
      return ckaId ? [Buffer.from(ckaId).toString('hex')] : [];
    }),
  );
  const issued = entries.some((state) => 'certificate' in state);
  return objects
    .filter(({ kind, id }) => !known.has(id) && !(kind === 'Certificate' && issued))
    .map(({ kind, id }) => `${kind} ${id || 'without CKA_ID'}`);
}

async function notOneOfEach(
  agent: Agent,
  { enrollment }: Progress,
  objects: readonly TokenObject[],
): Promise<string | undefined> {
  const entry = await agent.ports.journal.read(enrollment);
  if (entry?.state.name !== 'completed') return 'completed, but not in the journal';
  const id = Buffer.from(entry.state.ckaId).toString('hex');
  const found = objects.filter((object) => object.kind !== 'Certificate' || object.id === id).map(({ kind }) => kind);
  const others = objects.filter((object) => object.kind !== 'Certificate' && object.id !== id);
  if (others.length > 0) return `another ${others.map(({ kind }) => kind).join(', ')} is left`;
  const text = found.sort().join(', ');
  return text === 'Certificate, Private Key, Public Key' ? undefined : `at the end: ${text}`;
}
