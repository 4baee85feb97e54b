import { expect } from 'chai';
import { createCoolDown } from '../../../agent/operations/cool-down.ts';
import { AgentError } from '../../../web-bridge/protocol/errors.ts';

const BANK = 'https://www.bank.example';

describe('enrollment: cool-down', () => {
  let now = 1_000_000;
  const coolDown = () => createCoolDown(() => now);
  const check = (one: ReturnType<typeof coolDown>, origin = BANK) => {
    try {
      one.check(origin);
      return 'allowed';
    } catch (error) {
      return (error as AgentError).details['seconds'];
    }
  };

  it('begins after three refusals, tells the remaining time, ends after five minutes', () => {
    const one = coolDown();
    for (let refusals = 0; refusals < 3; refusals += 1) {
      expect(check(one)).to.equal('allowed');
      one.refused(BANK);
    }
    expect(check(one)).to.equal(300);
    now += 120_000;
    expect(check(one)).to.equal(180);
    expect(check(one, 'https://www.other.example')).to.equal('allowed');
    now += 180_000;
    expect(check(one)).to.equal('allowed');
  });

  it('forgets refusals once the human has approved', () => {
    const one = coolDown();
    one.refused(BANK);
    one.refused(BANK);
    one.approved(BANK);
    one.refused(BANK);
    expect(check(one)).to.equal('allowed');
  });
});
