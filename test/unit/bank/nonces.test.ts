import { expect } from 'chai';
import { createNonces } from '../../../web-bridge/bank/nonces.ts';

describe('nonces of log-ins', () => {
  it('are 256 bits in 44 characters, and never the same', () => {
    const nonces = createNonces();
    const some = Array.from({ length: 50 }, (_, index) => nonces.issue(`session ${index}`));
    expect(new Set(some).size).to.equal(50);
    for (const nonce of some) expect(Buffer.from(nonce, 'base64')).to.have.lengthOf(32);
  });

  it('are taken once, by the session they were issued to', () => {
    const nonces = createNonces();
    const nonce = nonces.issue('own');
    expect(nonces.take('other')).to.equal(undefined);
    expect(nonces.take('own')).to.equal(nonce);
    expect(nonces.take('own')).to.equal(undefined);
  });

  it('give way to a newer one of the same session, and end by age', () => {
    let now = 0;
    const nonces = createNonces(() => now, 1_000);
    nonces.issue('own');
    const newer = nonces.issue('own');
    now = 999;
    expect(nonces.take('own')).to.equal(newer);
    nonces.issue('own');
    now = 1_999;
    expect(nonces.take('own')).to.equal(undefined);
  });
});
