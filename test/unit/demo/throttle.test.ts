import { expect } from 'chai';
import { Throttle } from '../../../web-bridge/demo/throttle.ts';

describe('Throttle', () => {
  it('lets five failures pass, then doubles the wait, and forgives a success', () => {
    const throttle = new Throttle();
    const waits: number[] = [];
    for (let failure = 0; failure < 8; failure += 1) {
      waits.push(throttle.secondsToWait('1', 0));
      throttle.failed('1', 0);
    }
    expect(waits).to.deep.equal([0, 0, 0, 0, 0, 30, 60, 120]);
    throttle.succeeded('1');
    expect(throttle.secondsToWait('1', 0)).to.equal(0);
  });

  it('forgets after an hour and never waits longer than half of one', () => {
    const throttle = new Throttle();
    for (let failure = 0; failure < 50; failure += 1) throttle.failed('1', 0);
    expect(throttle.secondsToWait('1', 0)).to.equal(1800);
    expect(throttle.secondsToWait('1', 3_600_000)).to.equal(0);
  });

  it('remembers a bounded number of IDs', () => {
    const throttle = new Throttle();
    for (let id = 0; id < 10_010; id += 1)
      for (let failure = 0; failure < 5; failure += 1) throttle.failed(String(id), 0);
    expect(throttle.secondsToWait('0', 0)).to.equal(0);
    expect(throttle.secondsToWait('10009', 0)).to.equal(30);
  });
});
