import { expect } from 'chai';
import * as fc from 'fast-check';
import { type Event, next } from '../../../agent/enrollment/transition.ts';
import type { State } from '../../../agent/ports/state.ts';
import { isCancellable, isIssued, isOpen } from '../../../agent/records/states.ts';
import { AgentError } from '../../../web-bridge/protocol/errors.ts';
import { STATE_NAMES } from '../../../web-bridge/protocol/methods.ts';

/** What a step learnt does not matter to `next`: it carries it on. */
const bytes = new Uint8Array([1, 2, 3]);
const START = { name: 'consented', plan: { jti: 'j' }, token: { label: 'desk' }, ckaId: bytes } as unknown as State;

const EVENTS = [
  { event: 'key-generated', key: { keyType: 'ec-p256' } },
  { event: 'csr-signed', csr: bytes },
  { event: 'sending', sentAt: 1 },
  { event: 'unsent' },
  { event: 'pending', nextAt: 2, deadlineAt: 3 },
  { event: 'issued', certificate: bytes, chain: [], chainComplete: true },
  { event: 'stored' },
  { event: 'proven', proof: { algorithm: 'ES256', signed: '', signature: '' } },
  { event: 'failed', code: 'ERR_CA_REFUSED', details: {}, leftover: undefined },
  { event: 'abandoned', leftover: undefined },
] as unknown as readonly Event[];

/** The whole machine as a table: state → event → state. Everything else is refused. */
const TABLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  consented: { 'key-generated': 'key-generated', failed: 'failed', abandoned: 'abandoned' },
  'key-generated': { 'csr-signed': 'csr-signed', failed: 'failed', abandoned: 'abandoned' },
  'csr-signed': { sending: 'sent', failed: 'failed', abandoned: 'abandoned' },
  sent: { unsent: 'csr-signed', pending: 'pending', issued: 'issued', failed: 'failed' },
  pending: { pending: 'pending', issued: 'issued', failed: 'failed' },
  issued: { stored: 'stored' },
  stored: { proven: 'completed' },
  completed: {},
  failed: {},
  abandoned: {},
};

function step(state: State, event: Event): State | 'refused' {
  try {
    return next(state, event);
  } catch (error) {
    expect(error).to.be.instanceOf(AgentError);
    return 'refused';
  }
}

describe('enrollment: states', () => {
  it('go on as the table says, whatever the order of events', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 60 }), (events) => {
        let state = START;
        for (const event of events) {
          const after = step(state, event);
          expect(after === 'refused' ? 'refused' : after.name).to.equal(TABLE[state.name]?.[event.event] ?? 'refused');
          if (after !== 'refused') state = after;
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('never fail nor are abandoned once a certificate exists', () => {
    for (const name of ['issued', 'stored', 'completed'] as const) {
      const state = { ...START, name } as State;
      expect(isIssued(state)).to.equal(true);
      for (const event of EVENTS.filter(({ event }) => event === 'failed' || event === 'abandoned')) {
        expect(step(state, event)).to.equal('refused');
      }
    }
  });

  it('can be cancelled until the request is sent and not later', () => {
    const cancellable = STATE_NAMES.filter((name) => isCancellable({ ...START, name } as State));
    expect(cancellable).to.deep.equal(['consented', 'key-generated', 'csr-signed']);
    const over = STATE_NAMES.filter((name) => !isOpen({ ...START, name } as State));
    expect(over).to.deep.equal(['completed', 'failed', 'abandoned']);
  });
});
