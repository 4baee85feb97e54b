/** When a CA that says "later" is asked again (RFC 7030 §4.2.3), by a clock that stands still. */

import { expect } from 'chai';
import type { Context } from '../../../agent/enrollment/context.ts';
import { submitAgain, waitLonger } from '../../../agent/enrollment/submission.ts';
import type { StateOf } from '../../../agent/ports/state.ts';
import { refusalOf } from '../../stage/refusal.ts';

const NOW = 1_800_000_000_000;
const MINUTE_MS = 60_000;
const deadlines = { pendingMs: 1_000_000, retryAtLeastMs: 10_000, retryAtMostMs: 600_000 };
const sent = { name: 'sent', plan: { deadlines } } as unknown as StateOf<'sent'>;
const pending = (changes: object = {}) =>
  ({ ...sent, name: 'pending', nextAt: NOW, deadlineAt: NOW + 500_000, ...changes }) as unknown as StateOf<'pending'>;

/** `random`: the octet that the jitter is made of. */
const at = (now: number, random = 0) =>
  ({ ports: { clock: { now: () => now }, random: () => Uint8Array.of(random) } }) as unknown as Context;

describe('enrollment: asking a CA again', () => {
  for (const [what, said, waitMs] of [
    ['as it says', 60_000, 60_000],
    ['after a minute where it does not say', undefined, 60_000],
    ['not before the least', 0, 10_000],
    ['at the most', 86_400_000, 600_000],
  ] as const)
    it(`waits ${what}`, () => {
      const expected = { event: 'pending', nextAt: NOW + waitMs, deadlineAt: NOW + 1_000_000 };
      expect(waitLonger(sent, at(NOW), said)).to.deep.equal(expected);
    });

  it('waits up to a tenth longer, so that not all come in one second', () => {
    const nextAt = [0, 51, 255].map((random) => {
      const event = waitLonger(sent, at(NOW, random), 100_000);
      return 'nextAt' in event ? event.nextAt - NOW : undefined;
    });
    expect(nextAt).to.deep.equal([100_000, 102_000, 110_000]);
  });

  it('keeps the first answer’s deadline, up to the moment itself', async () => {
    expect(waitLonger(pending(), at(NOW), 60_000)).to.include({ deadlineAt: NOW + 500_000 });
    expect(waitLonger(pending(), at(NOW + 499_999), 60_000)).to.include({ deadlineAt: NOW + 500_000 });
    const late = () => waitLonger(pending(), at(NOW + 500_000), 60_000);
    expect(await refusalOf(late)).to.equal('ERR_CA_PENDING_TOO_LONG');
  });

  /** How long the session was told that it rests, and each sleep, until the CA was asked. */
  async function waits(state: StateOf<'pending'>, begin = NOW): Promise<{ rested: number[]; slept: number[] }> {
    const [rested, slept]: [number[], number[]] = [[], []];
    let now = begin;
    const clock = {
      now: () => now,
      sleep: async (ms: number) => {
        slept.push(ms);
        now += ms;
      },
    };
    const asked = new Error('asked');
    const journal = { secret: () => Promise.reject(asked) };
    const token = { closeBefore: async (ms: number) => void rested.push(ms) };
    const context = { ports: { clock, journal }, token } as unknown as Context;
    const end = await submitAgain(state, context).catch((error: unknown) => error);
    expect(end).to.equal(asked);
    return { rested, slept };
  }

  it('looks at the clock each minute: a machine that slept asks as soon as it wakes', async () => {
    const nextAt = NOW + 2 * MINUTE_MS + 1;
    const expected = { rested: [2 * MINUTE_MS + 1], slept: [MINUTE_MS, MINUTE_MS, 1] };
    expect(await waits(pending({ nextAt }))).to.deep.equal(expected);
  });

  it('asks at once where the time has come, and at the deadline at the latest', async () => {
    expect(await waits(pending({ nextAt: NOW - 5 }))).to.deep.equal({ rested: [0], slept: [] });
    const late = pending({ nextAt: NOW + 900_000, deadlineAt: NOW + 7 });
    expect(await waits(late)).to.deep.equal({ rested: [7], slept: [7] });
  });
});
