/** What the reference bank's pages say, let in and keep. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import * as v from 'valibot';
import { profile as profileSchema } from '../../native-config/schema.ts';
import { call, ownReferenceBank, visitor } from './own-reference-bank.ts';

describe('the reference bank’s pages', function () {
  this.timeout(30_000);
  const own = ownReferenceBank();

  it('have a profile that the agent takes', async () => {
    await own.start();
    const { origins, test } = v.parse(profileSchema, own.bank.profile);
    expect({ origins, test }).to.deep.equal({ origins: [own.bank.siteUrl, own.bank.caUrl], test: true });
  });

  it('switch to English and back in place', async () => {
    await own.start();
    const browser = visitor();
    expect((await browser.get(`${own.bank.siteUrl}/login`)).page).to.contain('電子証明書方式のお客様');
    const { page } = await browser.get(`${own.bank.siteUrl}/login?lang=en`);
    expect(page).to.contain('Customers with a certificate').and.contain('href="/login?lang=ja"');
    expect((await browser.get(`${own.bank.siteUrl}/`)).page).to.contain('lang="en"');
  });

  it('let scripts reach the bridge from the CA only, and no script or style stands inside a page', async () => {
    await own.start();
    const { browser } = await own.identified();
    const { headers, page } = await browser.get(`${own.bank.caUrl}/acquisition`);
    const csp = headers.get('content-security-policy');
    expect(csp).to.contain("connect-src 'self' ws://127.0.0.1:17157 http://127.0.0.1:17157");
    expect(csp).to.not.contain('upgrade-insecure-requests').and.not.contain('unsafe');
    expect(page).to.not.match(/<style|style="|<script(?![^>]*src=)|\son\w+="/);
    expect((await browser.get(own.bank.siteUrl)).headers.get('content-security-policy')).to.not.contain('17157');
  });

  it('answer what is not there, and what is too large, with a page of words', async () => {
    await own.start();
    const browser = visitor();
    const missing = await browser.get(`${own.bank.siteUrl}/nothing`);
    expect(missing.status).to.equal(404);
    expect(missing.page).to.contain('お探しの画面が見つかりません');
    const large = await browser.post(`${own.bank.siteUrl}/login`, { id: 'x'.repeat(20_000) });
    expect(large.status).to.equal(413);
  });

  it('log in by password, show the contract, log out', async () => {
    await own.start();
    const { id, password } = own.bank.accounts[1]!;
    const browser = visitor();
    await browser.get(`${own.bank.siteUrl}/login`);
    expect((await browser.post(`${own.bank.siteUrl}/login`, { id, password })).headers.get('location')).to.equal(
      '/account',
    );
    expect((await browser.get(`${own.bank.siteUrl}/account`)).page)
      .to.contain('利用者')
      .and.contain('まだ取得されていません');
    await browser.post(`${own.bank.siteUrl}/logout`, {});
    expect((await browser.get(`${own.bank.siteUrl}/account`)).status).to.equal(303);
  });

  it('are served over TLS with locked cookies when asked', async () => {
    await own.start({ scheme: 'https' });
    const { status, headers } = await call(`${own.bank.siteUrl}/login`, own.bank.trustAnchor);
    expect(status).to.equal(200);
    expect(headers['set-cookie']?.[0]).to.match(/^__Host-.*; HttpOnly; Secure; SameSite=Lax$/);
  });

  describe('identity', () => {
    const WRONG: [string, Record<string, string>, number, string][] = [
      [
        'a wrong password',
        { id: '54100001', password: 'wrong-canary' },
        401,
        'お客様IDまたはログインパスワードが違います',
      ],
      [
        'an unknown ID',
        { id: '<b>"nobody', password: 'wrong-canary' },
        401,
        'お客様IDまたはログインパスワードが違います',
      ],
      [
        'an ID that objects have',
        { id: '__proto__', password: 'wrong-canary' },
        401,
        'お客様IDまたはログインパスワードが違います',
      ],
      ['nothing', { id: '54100001', password: '' }, 422, 'お客様IDとログインパスワードを入力してください'],
      [
        'a form of another session',
        { id: '54100001', password: 'wrong-canary', csrf: 'x' },
        403,
        'もう一度入力してください',
      ],
    ];
    for (const [name, fields, status, words] of WRONG) {
      it(`keeps the ID and says what to do after ${name}`, async () => {
        await own.start();
        const browser = visitor();
        await browser.get(`${own.bank.caUrl}/acquire`);
        const answer = await browser.post(`${own.bank.caUrl}/acquire`, fields);
        expect(answer.status).to.equal(status);
        const escaped = fields.id!.replace('<b>"', '&lt;b&gt;&quot;');
        expect(answer.page).to.contain(words).and.contain(`value="${escaped}"`).and.not.contain('wrong-canary');
        const english = await browser.get(`${own.bank.caUrl}/acquire?lang=en`);
        expect(english.page).to.contain(`value="${escaped}"`);
      });
    }

    it('makes guessing slow', async () => {
      await own.start();
      const browser = visitor();
      await browser.get(`${own.bank.caUrl}/acquire`);
      for (let guess = 0; guess < 5; guess += 1)
        await browser.post(`${own.bank.caUrl}/acquire`, { id: '54100001', password: 'no' });
      const answer = await browser.post(`${own.bank.caUrl}/acquire`, {
        id: '54100001',
        password: own.bank.accounts[0]!.password,
      });
      expect(answer.status).to.equal(429);
      expect(Number(answer.headers.get('retry-after'))).to.be.within(25, 30);
    });

    it('ends in an order for the origin of the CA’s pages', async () => {
      await own.start();
      const claims = await own.newOrder();
      expect(claims).to.deep.include({ iss: 'shinkin-5410', origin: own.bank.caUrl, purpose: 'enroll' });
      expect(claims.account).to.deep.equal({ id: '54100001', display: '株式会社サンプル 管理者' });
    });

    it('gives no order without the page’s own CSRF value, nor without a session', async () => {
      await own.start();
      const { browser } = await own.identified();
      expect((await browser.order(own.bank.caUrl, 'guess')).status).to.equal(403);
      expect((await visitor().order(own.bank.caUrl)).status).to.equal(403);
    });

    it('keeps neither passwords nor authorizations in the clear, and all files for their owner', async () => {
      await own.start();
      const claims = await own.newOrder();
      const state = readFileSync(join(own.folder, 'state/bank.json'), 'utf8');
      const { authorization } = claims.enrollment;
      expect(state).to.not.contain(authorization.scheme === 'basic' && authorization.secret);
      expect(state).to.not.contain(own.bank.accounts[0]!.password);
      expect(statSync(join(own.folder, 'state')).mode & 0o777).to.equal(0o700);
      for (const name of readdirSync(join(own.folder, 'state'))) {
        expect(statSync(join(own.folder, 'state', name)).mode & 0o777, name).to.equal(0o600);
      }
    });
  });
});
