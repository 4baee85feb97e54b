/** Reissue and revocation, as the contract's administrator does them at the reference bank. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ownReferenceBank, visitor } from './own-reference-bank.ts';

describe('reissue and revocation', function () {
  this.timeout(30_000);
  const own = ownReferenceBank();

  const comeIn = async (account: number) => {
    const { id, password } = own.bank.accounts[account]!;
    const customer = visitor();
    await customer.get(`${own.bank.siteUrl}/login`);
    await customer.post(`${own.bank.siteUrl}/login`, { id, password });
    return customer;
  };
  /** The user has a certificate, by openssl. */
  const certify = async (account: number): Promise<void> => {
    const claims = await own.newOrder('acquire', account);
    expect((await own.enroll(own.makeRequest(claims.subject), claims)).status).to.equal(200);
  };
  const state = () => {
    type Kept = { certificates: { revoked: boolean }[]; closed?: boolean };
    const file = readFileSync(join(own.folder, 'state/bank.json'), 'utf8');
    return (JSON.parse(file) as { accounts: Record<string, Kept> }).accounts['54100002']!;
  };

  it('are the administrator’s for his users, with the page’s own form; acquisition is closed until the reissue', async () => {
    await own.start();
    await certify(1);
    const administrator = await comeIn(0);
    const forged = await administrator.post(`${own.bank.siteUrl}/certificates/revoke`, {
      id: '54100002',
      csrf: 'forged',
    });
    expect([forged.status, state().certificates[0]?.revoked]).to.deep.equal([403, false]);
    expect((await administrator.get(`${own.bank.siteUrl}/certificates/revoke?id=54100002`)).page).to.contain(
      '元には戻せません',
    );
    expect((await administrator.post(`${own.bank.siteUrl}/certificates/revoke`, { id: '54100002' })).status).to.equal(
      303,
    );
    expect(state()).to.deep.include({ closed: true });
    expect(state().certificates[0]?.revoked).to.equal(true);
    const user = visitor();
    const { id, password } = own.bank.accounts[1]!;
    await user.get(`${own.bank.caUrl}/acquire`);
    await user.post(`${own.bank.caUrl}/acquire`, { id, password });
    expect((await user.get(`${own.bank.caUrl}/refused`)).page).to.contain('このお客様IDの電子証明書は失効しています。');
    await user.get(`${own.bank.caUrl}/acquisition`);
    expect((await user.order(own.bank.caUrl)).status).to.equal(409);
    await administrator.post(`${own.bank.siteUrl}/certificates/reissue`, { id: '54100002' });
    await certify(1);
    expect(state().certificates.map(({ revoked }) => revoked)).to.deep.equal([true, false]);
  });

  it('are nobody’s for himself, no user’s, and not the staff’s for users', async () => {
    await own.start();
    await certify(1);
    const [administrator, user, staff] = [await comeIn(0), await comeIn(1), await comeIn(2)];
    for (const [who, id] of [
      [administrator, '54100001'],
      [user, '54100002'],
      [user, '54100001'],
      [staff, '54100002'],
      [staff, '__proto__'],
    ] as const) {
      expect((await who.get(`${own.bank.siteUrl}/certificates/revoke?id=${id}`)).status, id).to.equal(403);
      expect((await who.post(`${own.bank.siteUrl}/certificates/revoke`, { id })).status, id).to.equal(403);
    }
    expect((await visitor().get(`${own.bank.siteUrl}/certificates/revoke?id=54100002`)).status).to.equal(303);
    expect(state().certificates[0]?.revoked).to.equal(false);
  });
});
