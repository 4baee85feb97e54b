/** The reference bank over real HTTP and HTTPS, without a browser; certificates are judged by openssl. */
import 'reflect-metadata';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificates } from '@peculiar/x509';
import { expect } from 'chai';
import { compactVerify, importJWK, type JWK } from 'jose';
import * as v from 'valibot';
import { connectCa } from '../../agent/ca/index.ts';
import { checkValidity, verifyOrder } from '../../agent/policy/order.ts';
import { planFor } from '../../agent/policy/plan.ts';
import { buildCsr } from '../../agent/x509/csr.ts';
import { asDer, type SpkiDer } from '../../agent/x509/der.ts';
import { checkIssued } from '../../agent/x509/issued.ts';
import { profile as profileSchema } from '../../native-config/schema.ts';
import { type Bank, type BankOptions, startBank } from '../../web-bridge/demo/bank.ts';
import { type AcquisitionClaims, orderClaims } from '../../web-bridge/protocol/order.ts';

type Answer = { status: number; headers: Record<string, string | string[] | undefined>; body: string };

/** HTTPS with the bank's own root and nothing else; plain HTTP goes by fetch. */
function call(
  url: string,
  ca: string,
  options: { method?: string; headers?: object; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...options.headers,
      ...(options.body === undefined ? {} : { 'content-length': Buffer.byteLength(options.body) }),
    };
    const request = httpsRequest(url, { ca, method: options.method ?? 'GET', headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    request.on('error', reject).end(options.body);
  });
}

/** A browser as far as this bank needs one: cookies, forms, the CSRF value of the last page. */
function visitor() {
  const cookies = new Map<string, string>();
  let csrf = '';
  async function visit(
    url: string,
    init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
  ): Promise<Response & { page: string }> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', ...init, headers: { ...init.headers, cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = line.split(';', 1)[0]!.split('=');
      cookies.set(name, value);
    }
    const page = await response.text();
    csrf = /(?:name="csrf" value|data-csrf)="([^"]+)"/.exec(page)?.[1] ?? csrf;
    return Object.assign(response, { page });
  }
  return {
    get: (url: string) => visit(url),
    post: (url: string, fields: Record<string, string>) =>
      visit(url, { method: 'POST', body: new URLSearchParams({ csrf, ...fields }) }),
    order: (url: string, token = csrf) => visit(`${url}/order`, { method: 'POST', headers: { 'x-csrf-token': token } }),
  };
}

const P256 = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];

const orderIn = (page: string): string => (JSON.parse(page) as { order: string }).order;

async function claimsOf(bank: Bank, order: string): Promise<AcquisitionClaims> {
  const { keys } = bank.profile.orderKeys as { keys: JWK[] };
  const { payload } = await compactVerify(order, await importJWK(keys[0]!));
  return v.parse(orderClaims, JSON.parse(new TextDecoder().decode(payload))) as AcquisitionClaims;
}

describe('the reference bank', function () {
  this.timeout(30_000);
  let folder: string;
  let bank: Bank;
  const start = async (options: Partial<BankOptions> = {}): Promise<void> => {
    bank = await startBank({ stateFolder: join(folder, 'state'), ...options });
  };
  const portsOf = ({ siteUrl, caUrl, estUrl }: Bank) => {
    const port = (url: string): number => Number(new URL(url).port);
    return { site: port(siteUrl), ca: port(caUrl), est: port(estUrl) };
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'inkan-reference-bank-'));
  });
  afterEach(async () => {
    await bank.close();
    rmSync(folder, { recursive: true });
  });

  const openssl = (...args: string[]): string =>
    execFileSync('openssl', args, { encoding: 'utf8', cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });

  /** A request by openssl, as base64 lines (RFC 7030 §4.2.1). */
  function makeRequest(subject: AcquisitionClaims['subject'], key: string[] = P256): string {
    const name = subject.map(([type, value]) => `/${type}=${value}`).join('');
    openssl(
      'req',
      '-new',
      '-newkey',
      ...key,
      '-nodes',
      '-keyout',
      'key.pem',
      '-utf8',
      '-subj',
      name,
      '-out',
      'request.pem',
    );
    return readFileSync(join(folder, 'request.pem'), 'utf8').replace(/-----[^\n]*\n/g, '');
  }

  const enroll = (body: string, claims: AcquisitionClaims | undefined, secret?: string): Promise<Answer> => {
    const { authorization } = claims?.enrollment ?? {};
    const basic =
      authorization?.scheme === 'basic'
        ? `Basic ${btoa(`${authorization.id}:${secret ?? authorization.secret}`)}`
        : undefined;
    const bearer = authorization?.scheme === 'bearer' ? `Bearer ${authorization.secret}` : undefined;
    const header = basic ?? bearer;
    const headers = { 'content-type': 'application/pkcs10', ...(header ? { authorization: header } : {}) };
    return call(`${bank.estUrl}/simpleenroll`, bank.trustAnchor, { method: 'POST', headers, body });
  };

  async function identified(path = 'acquire', account = 0) {
    const { id, password } = bank.accounts[account]!;
    const browser = visitor();
    await browser.get(`${bank.caUrl}/${path}`);
    const { headers } = await browser.post(`${bank.caUrl}/${path}`, { id, password });
    const answer = await browser.get(new URL(headers.get('location')!, bank.caUrl).href);
    return { browser, answer };
  }

  async function newOrder(): Promise<AcquisitionClaims> {
    const { browser } = await identified();
    await browser.get(`${bank.caUrl}/acquisition`);
    return claimsOf(bank, orderIn((await browser.order(bank.caUrl)).page));
  }

  describe('pages', () => {
    it('have a profile that the agent takes', async () => {
      await start();
      const { origins, test } = v.parse(profileSchema, bank.profile);
      expect({ origins, test }).to.deep.equal({ origins: [bank.siteUrl, bank.caUrl], test: true });
    });

    it('switch to English and back in place', async () => {
      await start();
      const browser = visitor();
      expect((await browser.get(`${bank.siteUrl}/login`)).page).to.contain('電子証明書方式のお客様');
      const { page } = await browser.get(`${bank.siteUrl}/login?lang=en`);
      expect(page).to.contain('Customers with a certificate').and.contain('href="/login?lang=ja"');
      expect((await browser.get(`${bank.siteUrl}/`)).page).to.contain('lang="en"');
    });

    it('let scripts reach the bridge from the CA only, and no script or style stands inside a page', async () => {
      await start();
      const { browser } = await identified();
      const { headers, page } = await browser.get(`${bank.caUrl}/acquisition`);
      const csp = headers.get('content-security-policy');
      expect(csp).to.contain("connect-src 'self' ws://127.0.0.1:17157 http://127.0.0.1:17157");
      expect(csp).to.not.contain('upgrade-insecure-requests').and.not.contain('unsafe');
      expect(page).to.not.match(/<style|style="|<script(?![^>]*src=)|\son\w+="/);
      expect((await browser.get(bank.siteUrl)).headers.get('content-security-policy')).to.not.contain('17157');
    });

    it('answer what is not there, and what is too large, with a page of words', async () => {
      await start();
      const browser = visitor();
      const missing = await browser.get(`${bank.siteUrl}/nothing`);
      expect(missing.status).to.equal(404);
      expect(missing.page).to.contain('お探しの画面が見つかりません');
      const large = await browser.post(`${bank.siteUrl}/login`, { id: 'x'.repeat(20_000) });
      expect(large.status).to.equal(413);
    });

    it('log in by password, show the contract, log out', async () => {
      await start();
      const { id, password } = bank.accounts[1]!;
      const browser = visitor();
      await browser.get(`${bank.siteUrl}/login`);
      expect((await browser.post(`${bank.siteUrl}/login`, { id, password })).headers.get('location')).to.equal(
        '/account',
      );
      expect((await browser.get(`${bank.siteUrl}/account`)).page)
        .to.contain('利用者')
        .and.contain('まだ取得されていません');
      await browser.post(`${bank.siteUrl}/logout`, {});
      expect((await browser.get(`${bank.siteUrl}/account`)).status).to.equal(303);
    });

    it('are served over TLS with locked cookies when asked', async () => {
      await start({ scheme: 'https' });
      const { status, headers } = await call(`${bank.siteUrl}/login`, bank.trustAnchor);
      expect(status).to.equal(200);
      expect(headers['set-cookie']?.[0]).to.match(/^__Host-.*; HttpOnly; Secure; SameSite=Lax$/);
    });
  });

  describe('reissue and revocation', () => {
    const comeIn = async (account: number) => {
      const { id, password } = bank.accounts[account]!;
      const customer = visitor();
      await customer.get(`${bank.siteUrl}/login`);
      await customer.post(`${bank.siteUrl}/login`, { id, password });
      return customer;
    };
    /** The user has a certificate, by openssl. */
    const certify = async (account: number): Promise<void> => {
      const { id, password } = bank.accounts[account]!;
      const customer = visitor();
      await customer.get(`${bank.caUrl}/acquire`);
      await customer.post(`${bank.caUrl}/acquire`, { id, password });
      await customer.get(`${bank.caUrl}/acquisition`);
      const claims = await claimsOf(bank, orderIn((await customer.order(bank.caUrl)).page));
      expect((await enroll(makeRequest(claims.subject), claims)).status).to.equal(200);
    };
    const state = () => {
      type Kept = { certificates: { revoked: boolean }[]; closed?: boolean };
      const file = readFileSync(join(folder, 'state/bank.json'), 'utf8');
      return (JSON.parse(file) as { accounts: Record<string, Kept> }).accounts['54100002']!;
    };

    it('are the administrator’s for his users, with the page’s own form; acquisition is closed until the reissue', async () => {
      await start();
      await certify(1);
      const administrator = await comeIn(0);
      const forged = await administrator.post(`${bank.siteUrl}/certificates/revoke`, {
        id: '54100002',
        csrf: 'forged',
      });
      expect([forged.status, state().certificates[0]?.revoked]).to.deep.equal([403, false]);
      expect((await administrator.get(`${bank.siteUrl}/certificates/revoke?id=54100002`)).page).to.contain(
        '元には戻せません',
      );
      expect((await administrator.post(`${bank.siteUrl}/certificates/revoke`, { id: '54100002' })).status).to.equal(
        303,
      );
      expect(state()).to.deep.include({ closed: true });
      expect(state().certificates[0]?.revoked).to.equal(true);
      const user = visitor();
      const { id, password } = bank.accounts[1]!;
      await user.get(`${bank.caUrl}/acquire`);
      await user.post(`${bank.caUrl}/acquire`, { id, password });
      expect((await user.get(`${bank.caUrl}/refused`)).page).to.contain('このお客様IDの電子証明書は失効しています。');
      await user.get(`${bank.caUrl}/acquisition`);
      expect((await user.order(bank.caUrl)).status).to.equal(409);
      await administrator.post(`${bank.siteUrl}/certificates/reissue`, { id: '54100002' });
      await certify(1);
      expect(state().certificates.map(({ revoked }) => revoked)).to.deep.equal([true, false]);
    });

    it('are nobody’s for himself, no user’s, and not the staff’s for users', async () => {
      await start();
      await certify(1);
      const [administrator, user, staff] = [await comeIn(0), await comeIn(1), await comeIn(2)];
      for (const [who, id] of [
        [administrator, '54100001'],
        [user, '54100002'],
        [user, '54100001'],
        [staff, '54100002'],
        [staff, '__proto__'],
      ] as const) {
        expect((await who.get(`${bank.siteUrl}/certificates/revoke?id=${id}`)).status, id).to.equal(403);
        expect((await who.post(`${bank.siteUrl}/certificates/revoke`, { id })).status, id).to.equal(403);
      }
      expect((await visitor().get(`${bank.siteUrl}/certificates/revoke?id=54100002`)).status).to.equal(303);
      expect(state().certificates[0]?.revoked).to.equal(false);
    });
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
        await start();
        const browser = visitor();
        await browser.get(`${bank.caUrl}/acquire`);
        const answer = await browser.post(`${bank.caUrl}/acquire`, fields);
        expect(answer.status).to.equal(status);
        const escaped = fields.id!.replace('<b>"', '&lt;b&gt;&quot;');
        expect(answer.page).to.contain(words).and.contain(`value="${escaped}"`).and.not.contain('wrong-canary');
        const english = await browser.get(`${bank.caUrl}/acquire?lang=en`);
        expect(english.page).to.contain(`value="${escaped}"`);
      });
    }

    it('makes guessing slow', async () => {
      await start();
      const browser = visitor();
      await browser.get(`${bank.caUrl}/acquire`);
      for (let guess = 0; guess < 5; guess += 1)
        await browser.post(`${bank.caUrl}/acquire`, { id: '54100001', password: 'no' });
      const answer = await browser.post(`${bank.caUrl}/acquire`, {
        id: '54100001',
        password: bank.accounts[0]!.password,
      });
      expect(answer.status).to.equal(429);
      expect(Number(answer.headers.get('retry-after'))).to.be.within(25, 30);
    });

    it('ends in an order for the origin of the CA’s pages', async () => {
      await start();
      const claims = await newOrder();
      expect(claims).to.deep.include({ iss: 'shinkin-5410', origin: bank.caUrl, purpose: 'enroll' });
      expect(claims.account).to.deep.equal({ id: '54100001', display: '株式会社サンプル 管理者' });
    });

    it('gives no order without the page’s own CSRF value, nor without a session', async () => {
      await start();
      const { browser } = await identified();
      expect((await browser.order(bank.caUrl, 'guess')).status).to.equal(403);
      expect((await visitor().order(bank.caUrl)).status).to.equal(403);
    });

    it('keeps neither passwords nor authorizations in the clear, and all files for their owner', async () => {
      await start();
      const claims = await newOrder();
      const state = readFileSync(join(folder, 'state/bank.json'), 'utf8');
      const { authorization } = claims.enrollment;
      expect(state).to.not.contain(authorization.scheme === 'basic' && authorization.secret);
      expect(state).to.not.contain(bank.accounts[0]!.password);
      expect(statSync(join(folder, 'state')).mode & 0o777).to.equal(0o700);
      for (const name of readdirSync(join(folder, 'state'))) {
        expect(statSync(join(folder, 'state', name)).mode & 0o777, name).to.equal(0o600);
      }
    });
  });

  describe('EST', () => {
    /** The leaf of a certs-only answer. */
    function leafOf({ body, status }: Answer): string {
      expect(status).to.equal(200);
      const certificates = new X509Certificates(Buffer.from(body, 'base64'));
      return certificates.find(({ subject }) => subject.includes('54100001'))!.toString('pem');
    }

    it('hands out the CA’s certificates and wants no attributes', async () => {
      await start();
      const { body, headers } = await call(`${bank.estUrl}/cacerts`, bank.trustAnchor);
      expect(headers['content-type']).to.equal('application/pkcs7-mime; smime-type=certs-only');
      expect(Math.max(...body.split('\n').map((line) => line.length))).to.be.at.most(64);
      expect(new X509Certificates(Buffer.from(body, 'base64'))).to.have.length(2);
      expect((await call(`${bank.estUrl}/csrattrs`, bank.trustAnchor)).status).to.equal(204);
    });

    for (const [name, key, scheme] of [
      ['RSA, HTTP Basic', ['rsa:2048'], 'basic'],
      ['P-256, Bearer', P256, 'bearer'],
    ] as const) {
      it(`issues what openssl verifies (${name})`, async () => {
        await start({ authorization: scheme });
        const claims = await newOrder();
        writeFileSync(join(folder, 'leaf.pem'), leafOf(await enroll(makeRequest(claims.subject, [...key]), claims)));
        writeFileSync(join(folder, 'root.pem'), bank.customerRoot);
        writeFileSync(join(folder, 'issuing.pem'), (bank.profile.issuers as string[])[0]!);
        const verified = openssl(
          'verify',
          '-x509_strict',
          '-purpose',
          'sslclient',
          '-CAfile',
          'root.pem',
          '-untrusted',
          'issuing.pem',
          'leaf.pem',
        );
        expect(verified.trim()).to.equal('leaf.pem: OK');
        const text = openssl('x509', '-in', 'leaf.pem', '-noout', '-text', '-nameopt', 'utf8,sep_comma_plus');
        expect(text)
          .to.match(/CN=54100001/)
          .and.match(/TLS Web Client Authentication/)
          .and.match(/CA:FALSE/);
        expect(text)
          .to.match(/Authority Key Identifier/)
          .and.match(/Subject Key Identifier/)
          .and.match(/Digital Signature\n/);
      });
    }

    it('answers the same bytes with the same certificate, and other bytes not at all', async () => {
      await start();
      const claims = await newOrder();
      const body = makeRequest(claims.subject);
      const [first, second] = await Promise.all([enroll(body, claims), enroll(body, claims)]);
      expect(leafOf(second)).to.equal(leafOf(first));
      expect(leafOf(await enroll(body, claims))).to.equal(leafOf(first));
      expect((await enroll(makeRequest(claims.subject), claims)).status).to.equal(401);
    });

    it('gives one of two requests that come at once a certificate', async () => {
      await start();
      const orders = [await newOrder(), await newOrder()];
      const answers = await Promise.all(orders.map((claims) => enroll(makeRequest(claims.subject), claims)));
      expect(answers.map(({ status }) => status)).to.have.members([200, 409]);
    });

    it('gives one certificate for an ID, and says so in words', async () => {
      await start();
      const [claims, other] = [await newOrder(), await newOrder()];
      const { browser } = await identified();
      await browser.get(`${bank.caUrl}/acquisition`);
      leafOf(await enroll(makeRequest(claims.subject), claims));
      expect((await enroll(makeRequest(claims.subject), other)).status).to.equal(409);
      const late = await browser.order(bank.caUrl);
      expect(late.status).to.equal(409);
      expect(JSON.parse(late.page)).to.include.keys('what', 'remedy', 'support');
      const { answer } = await identified();
      expect(answer.status).to.equal(409);
      expect(answer.page).to.contain('すでに取得されています').and.contain('手続きを再開する');
    });

    it('replaces a certificate within the window, and keeps the old one until the new one has logged in', async () => {
      await start({ renewal: { opensDaysBefore: 400, closesDaysAfter: 90 } });
      const first = await newOrder();
      leafOf(await enroll(makeRequest(first.subject), first));
      const { browser } = await identified('reacquire');
      await browser.get(`${bank.caUrl}/acquisition`);
      const claims = await claimsOf(bank, orderIn((await browser.order(bank.caUrl)).page));
      expect(claims.purpose).to.equal('reenroll');
      leafOf(await enroll(makeRequest(claims.subject), claims));
      const { accounts } = JSON.parse(readFileSync(join(folder, 'state/bank.json'), 'utf8')) as {
        accounts: Record<string, { certificates: { serialNumber: string; replaces?: string; revoked: boolean }[] }>;
      };
      const [old, fresh] = accounts['54100001']!.certificates;
      expect(fresh!.replaces).to.equal(old!.serialNumber);
      expect(old!.revoked).to.equal(false);
    });

    it('refuses re-acquisition where there is nothing to replace, or it is too early', async () => {
      await start();
      expect((await identified('reacquire')).answer.page).to.contain('再取得の対象となる電子証明書がありません');
      const claims = await newOrder();
      leafOf(await enroll(makeRequest(claims.subject), claims));
      expect((await identified('reacquire')).answer.page).to.contain('まだ再取得の期間になっていません');
    });

    it('refuses what is wrong with a request, and the authorization lives on', async () => {
      await start();
      const claims = await newOrder();
      const body = makeRequest(claims.subject);
      const der = Buffer.from(body, 'base64');
      der[der.length - 1]! ^= 1;
      const none = await enroll(body, undefined);
      expect(none.status).to.equal(401);
      expect(none.headers['www-authenticate']).to.match(/^Basic /);
      expect((await enroll(body, claims, 'wrong')).status).to.equal(401);
      expect((await enroll('garbage', claims)).status).to.equal(400);
      expect((await enroll(der.toString('base64'), claims)).status).to.equal(400);
      expect((await enroll(makeRequest(claims.subject, ['rsa:1024']), claims)).status).to.equal(400);
      expect((await enroll(makeRequest([['CN', 'somebody else']]), claims)).status).to.equal(403);
      leafOf(await enroll(body, claims));
    });

    it('says 202 for a while, survives a restart, and then issues', async () => {
      await start({ pendingMs: 1_500 });
      const claims = await newOrder();
      const body = makeRequest(claims.subject);
      const pending = await enroll(body, claims);
      expect(pending.status).to.equal(202);
      expect(Number(pending.headers['retry-after'])).to.be.within(1, 2);
      const before = bank;
      await bank.close();
      await start({ pendingMs: 1_500, ports: portsOf(before) });
      expect(bank.profile).to.deep.equal(before.profile);
      expect(bank.accounts).to.deep.equal(before.accounts);
      expect((await enroll(body, claims)).status).to.equal(202);
      await new Promise((resolve) => setTimeout(resolve, 1_600));
      leafOf(await enroll(body, claims));
      expect((await identified()).answer.status).to.equal(409);
    });
  });

  it('makes orders that the agent plans by, and certificates that the agent accepts', async () => {
    await start();
    const { browser } = await identified();
    await browser.get(`${bank.caUrl}/acquisition`);
    const order = orderIn((await browser.order(bank.caUrl)).page);
    const profile = v.parse(profileSchema, bank.profile);
    const verified = await verifyOrder(order, bank.caUrl, 'enroll', [profile]);
    checkValidity(verified.claims, Date.now());
    const { plan, secret } = planFor(verified);
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spki = asDer<SpkiDer>(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })));
    const content = { spki, keyType: 'ec-p256' as const, subject: plan.subject, extensions: plan.extensions };
    const csr = await buildCsr(content, (info) => Promise.resolve(new Uint8Array(sign('sha256', info, privateKey))));
    const ca = connectCa(plan.service, 10_000);
    const signal = AbortSignal.timeout(10_000);
    const answer = await ca.simpleenroll(csr, { ...plan.authorization, secret: secret! }, signal);
    if (answer.kind !== 'issued') throw new Error(answer.kind);
    const cacerts = await ca.cacerts(signal);
    const issued = checkIssued({ ...answer, cacerts, plan, spki, now: Date.now() });
    expect(issued.chain).to.have.length(2);
    expect(issued.chainComplete).to.equal(true);
  });

  it('gives each certificate a random serial number of 64 bit or more', async () => {
    await start();
    const claims = await newOrder();
    const { body } = await enroll(makeRequest(claims.subject), claims);
    const serials = [...new X509Certificates(Buffer.from(body, 'base64'))].map(({ serialNumber }) => serialNumber);
    for (const serial of serials) expect(serial).to.match(/^[0-9a-f]{32}$/);
    expect(new Set(serials).size).to.equal(serials.length);
  });
});
