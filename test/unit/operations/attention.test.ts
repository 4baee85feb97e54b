import { expect } from 'chai';
import { createAttention } from '../../../agent/operations/attention.ts';
import { refusalOf } from '../../stage/refusal.ts';

const [ONE, OTHER] = ['https://www.bank.example', 'https://www.other.example'];

describe("the human's attention", () => {
  it('is one for the whole agent, whoever asks', async () => {
    const attention = createAttention(() => 0);
    const held = attention.take(ONE);
    expect(await refusalOf(() => attention.take(ONE))).to.equal('ERR_BRIDGE_BUSY');
    expect(await refusalOf(() => attention.take(OTHER))).to.equal('ERR_BRIDGE_BUSY');
    held.release();
    attention.take(OTHER);
  });

  it('is not set free by one that gave it back before', async () => {
    const attention = createAttention(() => 0);
    const first = attention.take(ONE);
    first.release();
    attention.take(ONE);
    first.release();
    expect(await refusalOf(() => attention.take(ONE))).to.equal('ERR_BRIDGE_BUSY');
  });

  it('is denied to a page that was refused three times, and to no other', async () => {
    const attention = createAttention(() => 0);
    for (let time = 0; time < 3; time += 1) {
      const held = attention.take(ONE);
      held.refused();
      held.release();
    }
    expect(await refusalOf(() => attention.take(ONE))).to.equal('ERR_POLICY_COOL_DOWN');
    attention.take(OTHER).release();
  });
});
