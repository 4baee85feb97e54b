/** A34: an attacker's account on the victim's token: the dialog says which bank, site and account the signed order names. */
import { expect } from 'chai';
import { createNonce } from '../../web-bridge/bank/login.ts';
import { call } from '../stage/knock.ts';
import { loginClaims, standTarget, type Target } from '../stage/target.ts';

const ATTACKER = { id: 'ATT-66666', display: '攻撃商事 代表' };

describe("A34: somebody else's account", function () {
  this.timeout(60_000);
  let target: Target;
  before(async () => {
    target = await standTarget();
    await target.enroll({ keys: ['ec-p256'] });
  });
  after(() => target?.leave());

  const consents = () => target.dialogs.shown().filter(({ request }) => request === 'CONFIRM');

  it('to acquire for: bank, site, account and its ID stand in the dialog; a refusal makes nothing', async () => {
    target.dialogs.answer('refuse');
    const before = target.module.witnessed().length;
    const page = await target.page();
    const { result } = await call(page, 'enroll', { order: await target.bank.order({ account: ATTACKER }) });
    const standing = await target.agent.enrollments.settled(result['enrollment'] ?? '', 'owner');
    expect(standing.error?.code).to.equal('ERR_USER_REFUSED');
    const { text } = consents().at(-1)!;
    for (const shown of ['見本信用金庫', 'www.bank.example', ATTACKER.id, ATTACKER.display])
      expect(text).to.include(shown);
    expect(target.module.witnessed()).to.have.lengthOf(before);
  });

  it('to log in to: bank, site, account and its ID stand in the dialog, and the PIN dialog names it too', async () => {
    target.dialogs.answer('approve');
    const order = await target.forge(loginClaims(target.bank, createNonce(), { account: ATTACKER }));
    expect(await target.refusal('authenticate', { order })).to.equal('not refused');
    const { text } = consents().at(-1)!;
    for (const shown of ['見本信用金庫', 'www.bank.example', ATTACKER.id, ATTACKER.display])
      expect(text).to.include(shown);
    const pin = target.dialogs.shown().at(-1)!;
    expect(pin.request).to.equal('GETPIN');
    expect(pin.text).to.include('見本信用金庫').and.include(ATTACKER.display);
  });

  it('is what the order says, not the page: the page has no words in any dialog', async () => {
    const before = target.dialogs.shown().length;
    const order = await target.bank.order({ account: ATTACKER });
    for (const extra of [{ account: { id: 'M0001', display: 'x' } }, { title: 'x' }, { display: 'x' }])
      expect(await target.refusal('enroll', { order, ...extra })).to.equal('ERR_BRIDGE_PARAMS_INVALID');
    expect(target.dialogs.shown()).to.have.lengthOf(before);
  });
});
