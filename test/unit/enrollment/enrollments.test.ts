/** One enrollment at a time, in a world that remembers: what is kept on disk, on the token and open meanwhile. */
import { expect } from 'chai';
import type { Enrollments } from '../../../agent/enrollment/enrollments.ts';
import { AgentError } from '../../../web-bridge/protocol/errors.ts';
import { type ModelWorld, modelWorld } from '../../doubles/model-world.ts';
import { type BankDesk, ORIGIN, openBankDesk } from '../../stage/bank-desk.ts';

const MINUTE_MS = 60_000;

describe('enrollment: what is begun', () => {
  let bank: BankDesk;
  let world: ModelWorld;
  let agent: Enrollments;
  before(async () => {
    bank = await openBankDesk();
  });
  beforeEach(async () => {
    world = modelWorld(bank, 'never');
    agent = await world.start();
  });
  afterEach(() => agent.close());

  async function enroll(account = 'M0001') {
    const iat = Math.floor(world.now() / 1000);
    const authorization = { scheme: 'basic', id: account, secret: `secret-of-${account}` };
    const order = await bank.order({
      iat,
      exp: iat + 600,
      account: { id: account, display: account },
      keys: ['ec-p256'],
      enrollment: { protocol: 'est', label: 'customers', authorization },
    });
    return agent.settled(await agent.begin(order, ORIGIN, 'enroll'), 'owner');
  }
  const stateOf = (enrollment: string) => world.journal.get(enrollment)?.state.name;

  describe('the authorization on disk', () => {
    it('stays while the request may be sent, and is erased once a certificate is issued', async () => {
      world.caSays = 'unavailable';
      const { enrollment } = await enroll();
      expect(stateOf(enrollment)).to.equal('csr-signed');
      expect(world.secrets.get(enrollment)).to.equal('secret-of-M0001');
      world.caSays = 'issued';
      world.tokenFails.store = new AgentError('ERR_TOKEN_REMOVED');
      agent.resume(enrollment, 'owner');
      await agent.settled(enrollment, 'owner');
      expect(stateOf(enrollment)).to.equal('issued');
      expect(world.secrets.size).to.equal(0);
    });

    it('is erased when the enrollment fails, and when it is abandoned', async () => {
      world.caSays = 'refused';
      expect((await enroll()).state).to.equal('failed');
      expect(world.secrets.size).to.equal(0);
      world.caSays = 'unavailable';
      const { enrollment } = await enroll();
      expect(world.secrets.size).to.equal(1);
      expect((await agent.cancel(enrollment, 'owner')).state).to.equal('abandoned');
      expect(world.secrets.size).to.equal(0);
    });
  });

  describe('a new order', () => {
    it('gives up what was never sent for the same account, and nothing of another account', async () => {
      world.caSays = 'unavailable';
      const [mine, another] = [await enroll('M0001'), await enroll('M0002')];
      expect([mine, another].map(({ enrollment }) => stateOf(enrollment))).to.deep.equal(['csr-signed', 'csr-signed']);
      world.caSays = 'issued';
      expect((await enroll('M0001')).state).to.equal('completed');
      await agent.settled(mine.enrollment, 'owner');
      expect(stateOf(mine.enrollment)).to.equal('abandoned');
      expect(stateOf(another.enrollment)).to.equal('csr-signed');
      expect(world.secrets.get(another.enrollment)).to.equal('secret-of-M0002');
    });
  });

  describe('the session with the token', () => {
    it('is one for a bank that answers within a minute', async () => {
      world.answersAfterMs = MINUTE_MS - 1_000;
      expect((await enroll()).state).to.equal('completed');
      expect(world.opened).to.deep.equal(['enroll']);
    });

    it('is not used to write after a minute: the PIN is asked for again', async () => {
      world.answersAfterMs = MINUTE_MS + 1_000;
      expect((await enroll()).state).to.equal('completed');
      expect(world.opened).to.deep.equal(['enroll', 'write-back']);
    });

    for (const [retryAfterMs, opened] of [
      [MINUTE_MS / 2, ['enroll']],
      [2 * MINUTE_MS, ['enroll', 'write-back']],
    ] as const)
      it(`is ${opened.length === 1 ? 'kept' : 'closed'} while the CA lets it wait for ${retryAfterMs / 1000} s`, async () => {
        world.retryAfterMs = retryAfterMs;
        world.caSaysFirst.push('pending');
        expect((await enroll()).state).to.equal('completed');
        expect(world.opened).to.deep.equal(opened);
      });
  });
});
