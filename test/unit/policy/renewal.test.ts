import { expect } from 'chai';
import { isReminderDue, renewalOf } from '../../../agent/policy/renewal.ts';

const at = (text: string) => Date.parse(text);
const window = { opensDaysBefore: 30, closesDaysAfter: 90 };
const notAfter = new Date('2027-04-01T00:00:00Z');

describe('the renewal window', () => {
  const MOMENTS: readonly [string, string][] = [
    ['2026-04-01T00:00:00Z', 'too-early'],
    ['2027-03-01T23:59:59.999Z', 'too-early'],
    ['2027-03-02T00:00:00Z', 'open'],
    ['2027-04-01T00:00:00Z', 'open'],
    ['2027-04-01T00:00:00.001Z', 'expired-allowed'],
    ['2027-06-30T00:00:00Z', 'expired-allowed'],
    ['2027-06-30T00:00:00.001Z', 'too-late'],
  ];
  for (const [moment, phase] of MOMENTS)
    it(`is ${phase} at ${moment}`, () => expect(renewalOf(notAfter, window, at(moment)).phase).to.equal(phase));

  it('tells its dates', () => {
    expect(renewalOf(notAfter, window, 0)).to.deep.equal({
      phase: 'too-early',
      opensAt: '2027-03-02T00:00:00.000Z',
      expiresAt: '2027-04-01T00:00:00.000Z',
      closesAt: '2027-06-30T00:00:00.000Z',
    });
  });

  it('may be none at all: no days before, none after', () => {
    const none = { opensDaysBefore: 0, closesDaysAfter: 0 };
    const phases = [-1, 0, 1].map((ms) => renewalOf(notAfter, none, notAfter.getTime() + ms).phase);
    expect(phases).to.deep.equal(['too-early', 'open', 'too-late']);
  });
});

describe('a reminder of the renewal window', () => {
  const HALF_DAY_MS = 12 * 3_600_000;
  const now = at('2027-03-10T00:00:00Z');
  const last = (about: string, halfDays: number) => ({ about, at: now + halfDays * HALF_DAY_MS });

  it('is due in the two phases in which a person can do something', () => {
    const phases = ['too-early', 'open', 'expired-allowed', 'too-late'] as const;
    expect(phases.filter((phase) => isReminderDue(phase, undefined, now))).to.deep.equal(['open', 'expired-allowed']);
  });

  it('is due at once in a new phase, and in the same one after six days and a half', () => {
    expect(isReminderDue('expired-allowed', last('open', 0), now)).to.equal(true);
    expect(isReminderDue('open', last('open', -13), now)).to.equal(true);
    expect(isReminderDue('open', { ...last('open', -13), at: now - 13 * HALF_DAY_MS + 1 }, now)).to.equal(false);
    expect(isReminderDue('open', last('open', -12), now)).to.equal(false);
  });

  it('that seems to come from the future silences for a week around it, and no longer', () => {
    expect(isReminderDue('open', last('open', 12), now)).to.equal(false);
    expect(isReminderDue('open', last('open', 13), now)).to.equal(true);
  });
});
