import { expect } from 'chai';
import {
  type ActiveEnrollment,
  canRunUnattended,
  isBeingAbandoned,
  isOpenFor,
  isOverdue,
  isSupersededBy,
  isUnderWay,
  isVisible,
  newActiveEnrollment,
  newEnrollmentId,
  progressOf,
} from '../../../agent/enrollment/active.ts';
import type { Plan } from '../../../agent/ports/plan.ts';
import { AgentError } from '../../../web-bridge/protocol/errors.ts';
import { STATE_NAMES, type StateName } from '../../../web-bridge/protocol/methods.ts';

const DAY_MS = 24 * 3_600_000;
const PLAN = {
  origin: 'https://www.bank.example',
  profile: 'bank',
  account: { id: 'M1', display: 'one' },
  purpose: 'enroll',
  service: { resend: 'never' },
} as unknown as Plan;
const JOURNALED = STATE_NAMES.filter((name) => name !== 'accepted');

/** An enrollment whose state is journaled, at rest unless it is at work. */
function inState(name: StateName, changes: { atWork?: boolean; plan?: object } = {}): ActiveEnrollment {
  const active = newActiveEnrollment('id', { jti: 'j', digest: 'd' }, PLAN.origin);
  const state = { name, plan: { ...PLAN, ...changes.plan } } as never;
  active.entry = { enrollment: 'id', startedAt: 0, updatedAt: 0, state };
  active.work = changes.atWork ? Promise.resolve() : undefined;
  return active;
}
const those = (holds: (active: ActiveEnrollment) => boolean, changes: Parameters<typeof inState>[1] = {}) =>
  JOURNALED.filter((name) => holds(inState(name, changes)));
const UNSENT = ['consented', 'key-generated', 'csr-signed'];

describe('enrollment: its name', () => {
  it('is 16 random bytes, and never begins with a hyphen', () => {
    const draws = [0xf8, 0xfb, 0x00];
    const asked: number[] = [];
    const random = (bytes: number) => {
      asked.push(bytes);
      return new Uint8Array(bytes).fill(draws[asked.length - 1] ?? 0);
    };
    expect(newEnrollmentId(random)).to.equal('A'.repeat(22));
    expect(asked).to.deep.equal([16, 16, 16]);
  });
});

describe('enrollment: what may be told of it', () => {
  it('is for the pages of its own origin, and for the owner', () => {
    const active = inState('sent');
    const viewers = [{ origin: PLAN.origin }, 'owner', { origin: 'https://other.example' }] as const;
    expect(viewers.map((viewer) => isVisible(active, viewer))).to.deep.equal([true, true, false]);
  });

  it('is, before consent, that it was accepted, or how it ended', () => {
    const active = newActiveEnrollment('id', { jti: 'j', digest: 'd' }, PLAN.origin);
    expect(progressOf(active)).to.deep.equal({ enrollment: 'id', state: 'accepted' });
    active.error = new AgentError('ERR_USER_REFUSED');
    expect(progressOf(active)).to.deep.equal({ enrollment: 'id', state: 'failed', error: active.error });
    active.error = new AgentError('ERR_USER_CANCELLED');
    expect(progressOf(active)).to.deep.equal({ enrollment: 'id', state: 'abandoned', error: active.error });
  });

  it('is its state, and beside one that is open why it waits', () => {
    const error = new AgentError('ERR_TOKEN_REMOVED');
    for (const name of JOURNALED) {
      const active = inState(name);
      if (name !== 'failed') expect(progressOf(active)).to.deep.equal({ enrollment: 'id', state: name });
      active.error = error;
      const over = ['completed', 'failed', 'abandoned'].includes(name);
      if (!over) expect(progressOf(active)).to.deep.equal({ enrollment: 'id', state: name, error });
      if (name === 'completed') expect(progressOf(active)).to.deep.equal({ enrollment: 'id', state: name });
    }
  });

  it('is why it failed, as it was journaled', () => {
    const active = inState('failed');
    const state = { name: 'failed', plan: PLAN, code: 'ERR_CA_REFUSED', details: { status: 400 } } as never;
    active.entry = { enrollment: 'id', startedAt: 0, updatedAt: 0, state };
    active.error = new AgentError('ERR_TOKEN_REMOVED');
    const { state: told, error } = progressOf(active);
    expect([told, error?.code, error?.details]).to.deep.equal(['failed', 'ERR_CA_REFUSED', { status: 400 }]);
  });
});

describe('enrollment: two orders for one account', () => {
  const other = { ...PLAN, account: { id: 'M2', display: 'two' } } as Plan;

  it('are of one enrollment while it is open, and of two once it is over or for another account', () => {
    const open = JOURNALED.filter((name) => !['completed', 'failed', 'abandoned'].includes(name));
    expect(those((active) => isOpenFor(active, PLAN))).to.deep.equal(open);
    expect(those((active) => isOpenFor(active, other))).to.deep.equal([]);
    expect(isOpenFor(newActiveEnrollment('id', { jti: 'j', digest: 'd' }, PLAN.origin), PLAN)).to.equal(false);
  });

  it('have one under way where it is worked on, or has come as far as the CA’s word', () => {
    expect(those((active) => isUnderWay(active, PLAN))).to.deep.equal(['pending', 'issued', 'stored']);
    const atWork = those((active) => isUnderWay(active, PLAN), { atWork: true });
    expect(atWork).to.deep.equal([...UNSENT, 'sent', 'pending', 'issued', 'stored']);
    expect(those((active) => isUnderWay(active, other), { atWork: true })).to.deep.equal([]);
    expect(isUnderWay(newActiveEnrollment('id', { jti: 'j', digest: 'd' }, PLAN.origin), PLAN)).to.equal(false);
  });

  it('give up what the older began and never sent, where nobody works on it', () => {
    expect(those((active) => isSupersededBy(active, PLAN))).to.deep.equal(UNSENT);
    expect(those((active) => isSupersededBy(active, PLAN), { atWork: true })).to.deep.equal([]);
    expect(those((active) => isSupersededBy(active, other))).to.deep.equal([]);
    expect(those((active) => isSupersededBy(active, { ...PLAN, profile: 'other' }))).to.deep.equal([]);
    expect(isSupersededBy(newActiveEnrollment('id', { jti: 'j', digest: 'd' }, PLAN.origin), PLAN)).to.equal(false);
  });

  it('do not join one that is being given up: cancelled, at work, and not sent', () => {
    const cancelled = (active: ActiveEnrollment): ActiveEnrollment => {
      active.cancel.abort(new AgentError('ERR_USER_CANCELLED'));
      return active;
    };
    expect(those((active) => isBeingAbandoned(cancelled(active)), { atWork: true })).to.deep.equal(UNSENT);
    expect(those((active) => isBeingAbandoned(cancelled(active)))).to.deep.equal([]);
    expect(those((active) => isBeingAbandoned(active), { atWork: true })).to.deep.equal([]);
    const asked = cancelled(newActiveEnrollment('id', { jti: 'j', digest: 'd' }, PLAN.origin));
    asked.work = Promise.resolve();
    expect(isBeingAbandoned(asked)).to.equal(false);
  });
});

describe('enrollment: at the agent’s start', () => {
  it('what was never sent is given up a day after it began', () => {
    expect(those((active) => isOverdue(active, DAY_MS))).to.deep.equal(UNSENT);
    expect(those((active) => isOverdue(active, DAY_MS - 1))).to.deep.equal([]);
    expect(isOverdue(newActiveEnrollment('id', { jti: 'j', digest: 'd' }, PLAN.origin), DAY_MS)).to.equal(false);
    const later = inState('consented');
    later.entry = { ...later.entry!, startedAt: 5 };
    expect([DAY_MS + 4, DAY_MS + 5].map((now) => isOverdue(later, now))).to.deep.equal([false, true]);
  });

  it('what waits for the CA alone goes on: what is sent, only where it may be sent again', () => {
    expect(those(canRunUnattended)).to.deep.equal(['csr-signed', 'pending']);
    const idempotent = { plan: { service: { resend: 'idempotent' } } };
    expect(those(canRunUnattended, idempotent)).to.deep.equal(['csr-signed', 'sent', 'pending']);
    expect(canRunUnattended(newActiveEnrollment('id', { jti: 'j', digest: 'd' }, PLAN.origin))).to.equal(false);
  });
});
