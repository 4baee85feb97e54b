/** A3: who asks is told by the browser in the handshake, never by a message. */
import { expect } from 'chai';
import { call, codeOf } from '../stage/knock.ts';
import { loginClaims, OTHER_ORIGIN, standTarget, type Target } from '../stage/target.ts';
import { ORIGIN } from '../stage/test-bank.ts';

const NONCE = 'n'.repeat(44);

describe("A3: one bank's order over another's socket", () => {
  let target: Target;
  before(async () => {
    target = await standTarget({ origins: ['https://login.bank.example'] });
  });
  after(() => target?.leave());
  afterEach(() => expect(target.touched()).to.deep.equal({ calls: 0, dialogs: 0 }));

  for (const origin of [OTHER_ORIGIN, 'https://login.bank.example'])
    it(`from ${origin} is refused, for each purpose`, async () => {
      const page = await target.page(origin);
      const orders = {
        enroll: await target.bank.order(),
        authenticate: await target.forge(loginClaims(target.bank, NONCE)),
      };
      for (const [method, order] of Object.entries(orders))
        expect(await codeOf(call(page, method, { order })), method).to.equal('ERR_POLICY_ORDER_ORIGIN_MISMATCH');
    });

  it('is refused where its claims name the origin of the socket, but the issuer is not that bank', async () => {
    const page = await target.page(OTHER_ORIGIN);
    const forged = await target.forge({ ...target.bank.claims(), origin: OTHER_ORIGIN });
    expect(await codeOf(call(page, 'enroll', { order: forged }))).to.equal('ERR_POLICY_ORDER_ORIGIN_MISMATCH');
  });

  it('cannot be helped by an origin in the message: no method has such a member', async () => {
    const page = await target.page(OTHER_ORIGIN);
    const order = await target.bank.order();
    for (const extra of [{ origin: ORIGIN }, { Origin: ORIGIN }, { host: 'www.bank.example' }, { url: ORIGIN }])
      expect(await codeOf(call(page, 'enroll', { order, ...extra }))).to.equal('ERR_BRIDGE_PARAMS_INVALID');
  });
});
