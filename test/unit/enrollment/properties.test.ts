/** Whatever happens, in whatever order: the use case that ships, against a world that remembers everything. */

import { expect } from 'chai';
import * as fc from 'fast-check';
import type { Enrollments } from '../../../agent/enrollment/enrollments.ts';
import { isOpen } from '../../../agent/records/states.ts';
import { type Disturbance, type ModelWorld, modelWorld } from '../../doubles/model-world.ts';
import { ORIGIN, openTestBank, type TestBank } from '../../stage/test-bank.ts';

const RUNS = process.env['INKAN_FULL'] === '1' ? 2_000 : 40;

type Act = 'request' | 'the same' | 'resume' | 'cancel';
type Command = {
  readonly act: Act;
  readonly ca: ModelWorld['caSays'];
  readonly disturbance: Disturbance | undefined;
};

const disturbance = fc.record({
  at: fc.integer({ min: 1, max: 22 }),
  what: fc.constantFrom<Disturbance['what'][]>('kill-before', 'kill-after', 'fault', 'lost'),
});
const command: fc.Arbitrary<Command> = fc.record({
  act: fc.constantFrom<Act[]>('request', 'request', 'the same', 'resume', 'resume', 'cancel'),
  ca: fc.constantFrom<Command['ca'][]>('issued', 'issued', 'issued', 'pending', 'unavailable', 'refused'),
  disturbance: fc.option(disturbance, { nil: undefined }),
});

describe('enrollment: whatever happens', function () {
  this.timeout(600_000);
  let bank: TestBank;
  before(async () => {
    bank = await openTestBank({ test: true, deadlines: { pendingMs: 60_000 } });
  });

  for (const resend of ['never', 'idempotent'] as const)
    it(`keeps what must hold, with a CA to which resending is "${resend}"`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 8 }), async (commands) => {
          const world = modelWorld(bank, resend);
          const life = liveIn(world, bank);
          for (const command of commands) {
            await life.carryOut(command);
            holds(world, resend);
          }
          await life.heal();
          holds(world, resend);
          healed(world);
        }),
        { numRuns: RUNS },
      );
    });
});

/** A person at a PC: orders, starts the agent again when it is dead, goes on with what waits. */
function liveIn(world: ModelWorld, bank: TestBank) {
  let agent: Enrollments | undefined;
  let last: string | undefined;
  let orders = 0;

  async function newOrder(): Promise<string> {
    orders += 1;
    const now = Math.floor(world.now() / 1000);
    const authorization = { scheme: 'basic', id: 'M0001', secret: `one-time-secret-${orders}` };
    const enrollment = { protocol: 'est', label: 'customers', authorization };
    return bank.order({ iat: now, exp: now + 600, keys: ['ec-p256'], enrollment });
  }
  async function enroll(order: string): Promise<void> {
    last = order;
    if (!agent) return;
    await agent.settled(await agent.begin(order, ORIGIN, 'enroll'), 'owner');
  }
  async function eachOpen(act: (agent: Enrollments, enrollment: string) => Promise<unknown>): Promise<void> {
    for (const { enrollment, state } of world.journal.values())
      if (agent && isOpen(state)) await act(agent, enrollment).catch(() => {});
  }
  const ACTS: Readonly<Record<Act, () => Promise<void>>> = {
    request: async () => enroll(await newOrder()),
    'the same': async () => enroll(last ?? (await newOrder())),
    resume: () =>
      eachOpen((agent, enrollment) => {
        agent.resume(enrollment, 'owner');
        return agent.settled(enrollment, 'owner');
      }),
    cancel: () => eachOpen((agent, enrollment) => agent.cancel(enrollment, 'owner')),
  };

  async function carryOut({ act, ca, disturbance }: Command): Promise<void> {
    agent ??= await world.start();
    world.caSays = ca;
    world.disturbance = disturbance;
    // What an agent refuses is its right: the world is looked at, not its answer.
    const done = ACTS[act]().catch(() => {});
    const alive = await Promise.race([done.then(() => true), world.killed().then(() => false)]);
    if (!alive) agent = undefined;
    world.disturbance = undefined;
  }
  /** Nothing goes wrong any more: what is open is gone on with, then the bank gives a new order if it must. */
  async function heal(): Promise<void> {
    agent = undefined;
    const [ca, disturbance] = ['issued', undefined] as const;
    await carryOut({ act: 'resume', ca, disturbance });
    await carryOut({ act: 'request', ca, disturbance });
  }
  return { carryOut, heal };
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function holds(world: ModelWorld, resend: 'never' | 'idempotent'): void {
  const entries = [...world.journal.values()];
  const known = new Set(
    entries.flatMap(({ state }) => {
      const ckaId = 'ckaId' in state ? state.ckaId : state.leftover?.ckaId;
      return ckaId ? [hex(ckaId)] : [];
    }),
  );
  for (const ckaId of world.keys.keys()) expect(known, 'a key that the journal does not know').to.include(ckaId);
  const onToken = new Set([...world.keys.values()].map(({ spki }) => hex(spki)));
  for (const { spki } of world.issued) expect(onToken, 'the key of a certificate that was issued').to.include(spki);
  for (const { secret } of world.requests) {
    const sent = world.requests.filter((request) => request.secret === secret);
    expect(new Set(sent.map(({ csr }) => csr)).size, 'requests for one authorization').to.equal(1);
    // What the CA answered by "later" is to be asked again; else it was to be acted upon once.
    const certified = world.issued.filter(({ secret: own }) => own === secret);
    expect(certified.length, 'certificates for one authorization').to.be.at.most(1);
    if (resend === 'never') expect(sent.filter(({ final }) => final).length, 'requests acted upon').to.be.at.most(1);
  }
}

function healed(world: ModelWorld): void {
  const entries = [...world.journal.values()];
  const open = entries.filter(({ state }) => isOpen(state) && 'ckaId' in state);
  const ids = open.map(({ state }) => ('ckaId' in state ? hex(state.ckaId) : ''));
  expect(new Set(ids).size, 'a key has one enrollment that is open').to.equal(ids.length);
  const completed = [...world.journal.values()].filter(({ state }) => state.name === 'completed');
  expect(completed.length, 'completed').to.be.at.least(1);
  for (const { state } of completed) {
    if (state.name !== 'completed') continue;
    expect(world.certificates.map(hex)).to.include(hex(state.certificate));
    expect(world.keys.has(hex(state.ckaId))).to.equal(true);
  }
}
