import { expect } from 'chai';
import {
  findLost,
  finishTakeOvers,
  firstStateAfter,
  hasSameIntent,
  type LostEnrollment,
  takeOver,
} from '../../../agent/enrollment/lost-answer.ts';
import type { Plan } from '../../../agent/ports/plan.ts';
import type { Ports } from '../../../agent/ports/ports.ts';
import type { JournalEntry } from '../../../agent/ports/records.ts';
import type { TokenDescription } from '../../../agent/ports/token.ts';
import { AgentError } from '../../../web-bridge/protocol/errors.ts';
import { refusalOf } from '../../stage/refusal.ts';

const calm = new AbortController().signal;
const PLAN = {
  origin: 'https://www.bank.example',
  profile: 'bank',
  account: { id: 'M1', display: 'one' },
  purpose: 'enroll',
  keys: ['ec-p256'],
  subject: [['CN', 'M1']],
  extensions: { keyUsage: ['digitalSignature'] },
} as unknown as Plan;
const TOKEN = { label: 'desk', serialNumber: '1', model: 'm' } as TokenDescription;
const CKA_ID = Uint8Array.of(1, 2, 3);
const key = { keyType: 'ec-p256', spki: Uint8Array.of(4) };
const csr = Uint8Array.of(5);

const sentState = (changes: object = {}) => ({
  name: 'sent',
  plan: PLAN,
  token: TOKEN,
  ckaId: CKA_ID,
  key,
  csr,
  ...changes,
});
const failedState = (leftover: object = {}) => ({
  name: 'failed',
  plan: PLAN,
  at: 'sent',
  code: 'ERR_CA_REFUSED',
  details: {},
  leftover: { token: TOKEN, ckaId: CKA_ID, maybeCertified: true, ...leftover },
});
const entry = (enrollment: string, startedAt: number, state: object): JournalEntry =>
  ({ enrollment, startedAt, updatedAt: startedAt, state }) as JournalEntry;

/** A journal that remembers what was done to it, and locks that somebody may hold. */
function world(entries: readonly JournalEntry[], held: readonly string[] = []) {
  const stored = new Map(entries.map((one) => [one.enrollment, one]));
  const done: string[] = [];
  const facts: unknown[] = [];
  const ports = {
    journal: {
      list: async () => [...stored.values()],
      read: async (id: string) => stored.get(id),
      write: async (one: JournalEntry) => {
        done.push(`write ${one.enrollment} ${one.state.name}`);
        stored.set(one.enrollment, one);
      },
      eraseSecret: async (id: string) => void done.push(`erase ${id}`),
      release: async (id: string) => void done.push(`release ${id}`),
    },
    locks: {
      hold: async (name: string, busy: AgentError, waitMs: number) => {
        if (held.includes(name)) throw busy;
        done.push(`lock ${name} ${waitMs}`);
        return async () => void done.push(`unlock ${name}`);
      },
    },
    clock: { now: () => 99 },
    report: (fact: string, details: object) => void facts.push([fact, details]),
  } as unknown as Ports;
  return { ports, stored, done, facts };
}
const found = async (plan: Plan, tokens: readonly TokenDescription[], ...entries: JournalEntry[]) =>
  (await findLost(plan, tokens, world(entries).ports))?.entry.enrollment;

describe('enrollment: an answer that was lost', () => {
  it('is found for the same account, whose key lies on a token at hand, the latest first', async () => {
    const [one, two] = [entry('one', 1, sentState()), entry('two', 2, sentState({ ckaId: Uint8Array.of(9) }))];
    expect(await found(PLAN, [TOKEN], one)).to.equal('one');
    expect(await found(PLAN, [TOKEN], one, two)).to.equal('two');
    expect(await found(PLAN, [TOKEN], entry('failed', 1, failedState()))).to.equal('failed');
    const { token, keyType } = (await findLost(PLAN, [TOKEN], world([one]).ports)) ?? {};
    expect([token, keyType]).to.deep.equal([TOKEN, 'ec-p256']);
  });

  it('is none where the key is on another token, of another type, or surely has no certificate', async () => {
    const one = entry('one', 1, sentState());
    for (const change of [{ label: 'other' }, { serialNumber: '2' }, { model: 'n' }])
      expect(await found(PLAN, [{ ...TOKEN, ...change }], one)).to.equal(undefined);
    expect(await found(PLAN, [], one)).to.equal(undefined);
    expect(await found({ ...PLAN, keys: ['rsa-2048'] }, [TOKEN], one)).to.equal(undefined);
    expect(await found(PLAN, [TOKEN], entry('one', 1, sentState({ plan: { ...PLAN, keys: [] } })))).to.equal(undefined);
    expect(await found(PLAN, [TOKEN], entry('f', 1, failedState({ maybeCertified: undefined })))).to.equal(undefined);
    for (const name of ['consented', 'key-generated', 'csr-signed', 'pending', 'issued', 'stored', 'completed'])
      expect(await found(PLAN, [TOKEN], entry('one', 1, sentState({ name }))), name).to.equal(undefined);
    expect(await found(PLAN, [TOKEN], entry('f', 1, { ...failedState(), leftover: undefined }))).to.equal(undefined);
    expect(await found(PLAN, [TOKEN], entry('a', 1, { ...failedState(), name: 'abandoned' }))).to.equal(undefined);
  });

  it('is none where a newer enrollment has gone on with the key, whatever became of that', async () => {
    const older = entry('older', 1, sentState());
    for (const newer of [
      sentState({ name: 'csr-signed' }),
      sentState({ name: 'completed' }),
      failedState({ maybeCertified: undefined }),
    ])
      expect(await found(PLAN, [TOKEN], older, entry('newer', 2, newer)), newer.name).to.equal(undefined);
    expect(await found(PLAN, [TOKEN], older, entry('same time', 1, sentState({ name: 'completed' })))).to.equal(
      'older',
    );
    const another = entry('newer', 2, sentState({ name: 'completed', ckaId: Uint8Array.of(7) }));
    expect(await found(PLAN, [TOKEN], older, another)).to.equal('older');
    const nothing = entry('newer', 2, { ...failedState(), leftover: undefined });
    expect(await found(PLAN, [TOKEN], older, nothing)).to.equal('older');
  });

  it('is of one account of one bank, to one end', () => {
    const same = { ...PLAN, account: { id: 'M1', display: 'renamed' }, subject: [] } as unknown as Plan;
    expect(hasSameIntent(PLAN, same)).to.equal(true);
    const replaces = { issuer: 'i', serialNumber: '1' };
    for (const change of [
      { origin: 'https://other.example' },
      { profile: 'other' },
      { account: { id: 'M2', display: 'one' } },
      { purpose: 'reenroll' },
      { replaces },
    ])
      expect(hasSameIntent(PLAN, { ...PLAN, ...change } as Plan), JSON.stringify(change)).to.equal(false);
    const renewal = { ...PLAN, replaces };
    expect(hasSameIntent(renewal, { ...renewal, replaces: { issuer: 'i', serialNumber: '2' } })).to.equal(false);
    expect(hasSameIntent(renewal, { ...renewal, replaces: { issuer: 'j', serialNumber: '1' } })).to.equal(false);
    expect(hasSameIntent(renewal, { ...renewal, replaces: { ...replaces } })).to.equal(true);
  });
});

describe('enrollment: a new order after a lost answer', () => {
  const lost = (state: object) =>
    ({ entry: entry('older', 1, state), token: TOKEN, keyType: 'ec-p256' }) as LostEnrollment;
  const common = { token: TOKEN, ckaId: CKA_ID, sentBefore: true };

  it('sends the same bytes where it orders the same', () => {
    const plan = { ...PLAN, jti: 'new' };
    const begun = firstStateAfter(lost(sentState()), { plan, token: TOKEN });
    expect(begun).to.deep.equal({ name: 'csr-signed', plan, ...common, key, csr });
  });

  it('signs a request of its own by the same key where it orders another subject or other extensions', () => {
    for (const change of [{ subject: [['CN', 'M1 (2)']] }, { extensions: { keyUsage: ['nonRepudiation'] } }]) {
      const plan = { ...PLAN, ...change } as unknown as Plan;
      const begun = firstStateAfter(lost(sentState()), { plan, token: TOKEN });
      expect(begun).to.deep.equal({ name: 'key-generated', plan, ...common, key });
    }
  });

  it('looks the key up again where the older one failed', () => {
    const begun = firstStateAfter(lost(failedState()), { plan: PLAN, token: TOKEN });
    expect(begun).to.deep.equal({ name: 'consented', plan: PLAN, ...common });
  });

  it('is written first; then the older one is ended, under the older one’s lock', async () => {
    const older = entry('older', 1, sentState());
    const { ports, done } = world([older]);
    const begin = async () => void done.push('begin');
    const ended = await takeOver(lost(older.state), begin, ports, calm);
    expect(done).to.deep.equal([
      'lock enrollment-older 0',
      'begin',
      'write older failed',
      'erase older',
      'release older',
      'unlock enrollment-older',
    ]);
    const state = {
      name: 'failed',
      plan: PLAN,
      at: 'sent',
      code: 'ERR_CA_ANSWER_LOST',
      details: {},
      leftover: undefined,
    };
    expect(ended).to.deep.equal({ ...older, state, updatedAt: 99 });
  });

  it('takes the key from one that failed before, which keeps its own error', async () => {
    const older = entry('older', 1, failedState());
    const ended = await takeOver(lost(older.state), async () => {}, world([older]).ports, calm);
    expect(ended.state).to.deep.equal({ ...older.state, leftover: undefined });
  });

  it('is refused where somebody goes on with the older one, or has gone on with it meanwhile', async () => {
    const older = entry('older', 1, sentState());
    const held = world([older], ['enrollment-older']);
    const begin = async () => {
      throw new Error('begun');
    };
    expect(await refusalOf(takeOver(lost(older.state), begin, held.ports, calm))).to.equal('ERR_BRIDGE_BUSY');
    const { ports, done } = world([{ ...older, updatedAt: 2 }]);
    expect(await refusalOf(takeOver(lost(older.state), begin, ports, calm))).to.equal('ERR_BRIDGE_BUSY');
    expect(done.at(-1)).to.equal('unlock enrollment-older');
    expect(await refusalOf(takeOver(lost(older.state), begin, world([]).ports, calm))).to.equal('ERR_BRIDGE_BUSY');
  });

  it('that a crash cut off ends the older one at the next start, and nothing else', async () => {
    const older = entry('older', 1, sentState());
    const newer = entry('newer', 2, sentState({ name: 'csr-signed' }));
    const alone = entry('alone', 1, sentState({ ckaId: Uint8Array.of(8) }));
    const { ports, stored, facts } = world([older, newer, alone]);
    await finishTakeOvers(ports, calm);
    expect([...stored.values()].map(({ state }) => state.name)).to.deep.equal(['failed', 'csr-signed', 'sent']);
    expect(facts).to.deep.equal([]);
  });

  it('that another process is taking over this moment is left to it, and reported', async () => {
    const entries = [entry('older', 1, sentState()), entry('newer', 2, sentState({ name: 'csr-signed' }))];
    const { ports, stored, facts } = world(entries, ['enrollment-older']);
    await finishTakeOvers(ports, calm);
    expect(stored.get('older')?.state.name).to.equal('sent');
    const fact = 'enrollment: an older enrollment, whose key a newer one uses, could not be ended';
    expect(facts).to.deep.equal([[fact, { code: 'ERR_BRIDGE_BUSY' }]]);
  });
});
