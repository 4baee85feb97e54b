/** A9: an order is good once, now, for its origin, its profile and its purpose. A refusal comes before token and human. */
import { expect } from 'chai';
import { createNonce } from '../../web-bridge/bank/login.ts';
import { call, codeOf } from '../stage/knock.ts';
import { loginClaims, OTHER_ORIGIN, standTarget, type Target } from '../stage/target.ts';

const S = 1000;
const now = (): number => Math.floor(Date.now() / S);

describe('A9: replay', function () {
  this.timeout(60_000);
  let target: Target;
  before(async () => {
    target = await standTarget();
    await target.enroll({ keys: ['ec-p256'] });
  });
  after(() => target?.leave());
  beforeEach(() => target.forget());

  const refused = (method: string, order: string, origin?: string) => target.refusal(method, { order }, origin);
  const untouched = () => expect(target.touched()).to.deep.equal({ calls: 0, dialogs: 0 });

  it('the same acquisition order again joins what it began: no dialog, no second request', async () => {
    const order = await target.bank.order({ account: { id: 'M0002', display: '管理者' }, keys: ['ec-p256'] });
    const page = await target.page();
    const first = await call(page, 'enroll', { order });
    await target.agent.enrollments.settled(first.result['enrollment'] ?? '', 'owner');
    const requests = target.ca.requests.length;
    await target.forget();
    expect((await call(page, 'enroll', { order })).result).to.deep.equal(first.result);
    expect(target.ca.requests).to.have.lengthOf(requests);
    untouched();
    const { jti } = JSON.parse(Buffer.from(order.split('.')[1] ?? '', 'base64url').toString()) as { jti: string };
    expect(await refused('enroll', await target.bank.order({ jti }))).to.equal('ERR_POLICY_ORDER_USED');
    untouched();
  });

  it('a log-in order a second time is refused', async () => {
    const order = await target.forge(loginClaims(target.bank, createNonce()));
    expect((await call(await target.page(), 'authenticate', { order })).result).to.include({ format: 'web-eid:1.0' });
    await target.forget();
    expect(await refused('authenticate', order)).to.equal('ERR_POLICY_ORDER_USED');
    untouched();
  });

  it('a log-in order twice at the same moment is carried out once', async () => {
    const order = await target.forge(loginClaims(target.bank, createNonce()));
    const [one, two] = [await target.page(), await target.page()];
    const codes = await Promise.all([one, two].map((page) => codeOf(call(page, 'authenticate', { order }))));
    expect(codes.filter((code) => code === 'not refused')).to.have.lengthOf(1);
    expect(codes.find((code) => code !== 'not refused')).to.be.oneOf(['ERR_BRIDGE_BUSY', 'ERR_POLICY_ORDER_USED']);
  });

  const TIMES: [string, () => { iat: number; exp: number }, string][] = [
    ['expired', () => ({ iat: now() - 900, exp: now() - 301 }), 'ERR_POLICY_ORDER_EXPIRED'],
    ['not yet valid', () => ({ iat: now() + 310, exp: now() + 600 }), 'ERR_POLICY_ORDER_NOT_YET_VALID'],
    ['of an hour', () => ({ iat: now(), exp: now() + 3_600 }), 'ERR_POLICY_ORDER_LIFETIME_TOO_LONG'],
    ['that ends before it begins', () => ({ iat: now(), exp: now() - 1 }), 'ERR_POLICY_ORDER_LIFETIME_TOO_LONG'],
  ];
  for (const [name, times, code] of TIMES)
    it(`an order ${name} is refused, for each purpose`, async () => {
      const acquisition = await target.forge({ ...target.bank.claims(), ...times() });
      const login = await target.forge(loginClaims(target.bank, createNonce(), times()));
      expect([await refused('enroll', acquisition), await refused('authenticate', login)]).to.deep.equal([code, code]);
      untouched();
    });

  it("from another origin, or by another profile's key, is refused", async () => {
    expect(await refused('enroll', await target.bank.order(), OTHER_ORIGIN)).to.equal(
      'ERR_POLICY_ORDER_ORIGIN_MISMATCH',
    );
    const { bank, other } = target;
    const byWrongKey = await target.forge({ ...bank.claims() }, {}, other);
    expect(await refused('enroll', byWrongKey)).to.equal('ERR_POLICY_ORDER_KEY_UNKNOWN');
    const withItsName = await target.forge({ ...bank.claims() }, { kid: bank.key.kid }, other);
    expect(await refused('enroll', withItsName)).to.equal('ERR_POLICY_ORDER_SIGNATURE_INVALID');
    const asTheOther = await target.forge({ ...bank.claims(), iss: other.profile.id }, { kid: other.key.kid });
    expect(await refused('enroll', asTheOther)).to.equal('ERR_POLICY_ORDER_SIGNATURE_INVALID');
    expect(await refused('enroll', await target.forge({ ...bank.claims(), iss: 'nobody' }))).to.equal(
      'ERR_POLICY_ORDER_ISSUER_UNKNOWN',
    );
    untouched();
  });

  it('for another purpose is refused: every method with every other order', async () => {
    const { bank } = target;
    const { authority, profile } = bank;
    const replaces = {
      issuer: Buffer.from(authority.issuing.name.toArrayBuffer()).toString('base64'),
      serialNumber: '01',
    };
    const { iss, aud, jti, iat, exp, origin, account } = { ...(bank.claims() as Record<string, unknown>) };
    const orders: Record<string, string> = {
      enroll: await bank.order(),
      reenroll: await target.forge({ ...bank.claims(), purpose: 'reenroll', replaces }),
      authenticate: await target.forge(loginClaims(bank, createNonce())),
      remove: await target.forge({ iss, aud, jti, iat, exp, origin, account, purpose: 'remove', replaces }),
    };
    for (const method of Object.keys(orders))
      for (const [purpose, order] of Object.entries(orders))
        if (purpose !== method)
          expect(await refused(method, order), `${purpose} by ${method}, ${profile.id}`).to.equal(
            'ERR_POLICY_ORDER_PURPOSE_MISMATCH',
          );
    untouched();
  });

  it('a nonce under 256 bit is refused though the bank signed it', async () => {
    for (const nonce of ['', 'short', 'x'.repeat(43)])
      expect(await refused('authenticate', await target.forge(loginClaims(target.bank, nonce)))).to.equal(
        'ERR_POLICY_ORDER_CLAIMS_INVALID',
      );
    untouched();
  });
});
