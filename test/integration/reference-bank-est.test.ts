/** The reference bank's CA over EST; its certificates are judged by openssl and by the agent. */
import 'reflect-metadata';
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { X509Certificates } from '@peculiar/x509';
import { expect } from 'chai';
import * as v from 'valibot';
import { connectCa } from '../../agent/ca/index.ts';
import { checkValidity, verifyOrder } from '../../agent/policy/order.ts';
import { planFor } from '../../agent/policy/plan.ts';
import { profile as profileSchema } from '../../native-config/schema.ts';
import { asDer, type SpkiDer } from '../../web-bridge/asn1/der.ts';
import type { Bank } from '../../web-bridge/demo/bank.ts';
import { buildCsr } from '../../web-bridge/x509/csr.ts';
import { checkIssued } from '../../web-bridge/x509/issued.ts';
import { type Answer, call, orderIn, ownReferenceBank, P256 } from './own-reference-bank.ts';

describe('the reference bank’s EST', function () {
  this.timeout(30_000);
  const own = ownReferenceBank();

  const portsOf = ({ siteUrl, caUrl, estUrl }: Bank) => {
    const port = (url: string): number => Number(new URL(url).port);
    return { site: port(siteUrl), ca: port(caUrl), est: port(estUrl) };
  };

  /** The leaf of a certs-only answer. */
  function leafOf({ body, status }: Answer): string {
    expect(status).to.equal(200);
    const certificates = new X509Certificates(Buffer.from(body, 'base64'));
    return certificates.find(({ subject }) => subject.includes('54100001'))!.toString('pem');
  }

  it('hands out the CA’s certificates and wants no attributes', async () => {
    await own.start();
    const { body, headers } = await call(`${own.bank.estUrl}/cacerts`, own.bank.trustAnchor);
    expect(headers['content-type']).to.equal('application/pkcs7-mime; smime-type=certs-only');
    expect(Math.max(...body.split('\n').map((line) => line.length))).to.be.at.most(64);
    expect(new X509Certificates(Buffer.from(body, 'base64'))).to.have.length(2);
    expect((await call(`${own.bank.estUrl}/csrattrs`, own.bank.trustAnchor)).status).to.equal(204);
  });

  for (const [name, key, scheme] of [
    ['RSA, HTTP Basic', ['rsa:2048'], 'basic'],
    ['P-256, Bearer', P256, 'bearer'],
  ] as const) {
    it(`issues what openssl verifies (${name})`, async () => {
      await own.start({ authorization: scheme });
      const claims = await own.newOrder();
      writeFileSync(
        join(own.folder, 'leaf.pem'),
        leafOf(await own.enroll(own.makeRequest(claims.subject, [...key]), claims)),
      );
      writeFileSync(join(own.folder, 'root.pem'), own.bank.customerRoot);
      writeFileSync(join(own.folder, 'issuing.pem'), (own.bank.profile.issuers as string[])[0]!);
      const verified = own.openssl(
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
      const text = own.openssl('x509', '-in', 'leaf.pem', '-noout', '-text', '-nameopt', 'utf8,sep_comma_plus');
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
    await own.start();
    const claims = await own.newOrder();
    const body = own.makeRequest(claims.subject);
    const [first, second] = await Promise.all([own.enroll(body, claims), own.enroll(body, claims)]);
    expect(leafOf(second)).to.equal(leafOf(first));
    expect(leafOf(await own.enroll(body, claims))).to.equal(leafOf(first));
    expect((await own.enroll(own.makeRequest(claims.subject), claims)).status).to.equal(401);
  });

  it('gives one of two requests that come at once a certificate', async () => {
    await own.start();
    const orders = [await own.newOrder(), await own.newOrder()];
    const answers = await Promise.all(orders.map((claims) => own.enroll(own.makeRequest(claims.subject), claims)));
    expect(answers.map(({ status }) => status)).to.have.members([200, 409]);
  });

  it('gives one certificate for an ID, and says so in words', async () => {
    await own.start();
    const [claims, other] = [await own.newOrder(), await own.newOrder()];
    const { browser } = await own.identified();
    await browser.get(`${own.bank.caUrl}/acquisition`);
    leafOf(await own.enroll(own.makeRequest(claims.subject), claims));
    expect((await own.enroll(own.makeRequest(claims.subject), other)).status).to.equal(409);
    const late = await browser.order(own.bank.caUrl);
    expect(late.status).to.equal(409);
    expect(JSON.parse(late.page)).to.include.keys('what', 'remedy', 'support');
    const { answer } = await own.identified();
    expect(answer.status).to.equal(409);
    expect(answer.page).to.contain('すでに取得されています').and.contain('手続きを再開する');
  });

  it('replaces a certificate within the window, and keeps the old one until the new one has logged in', async () => {
    await own.start({ renewal: { opensDaysBefore: 400, closesDaysAfter: 90 } });
    const first = await own.newOrder();
    leafOf(await own.enroll(own.makeRequest(first.subject), first));
    const claims = await own.newOrder('reacquire');
    expect(claims.purpose).to.equal('reenroll');
    leafOf(await own.enroll(own.makeRequest(claims.subject), claims));
    const { accounts } = JSON.parse(readFileSync(join(own.folder, 'state/bank.json'), 'utf8')) as {
      accounts: Record<string, { certificates: { serialNumber: string; replaces?: string; revoked: boolean }[] }>;
    };
    const [old, fresh] = accounts['54100001']!.certificates;
    expect(fresh!.replaces).to.equal(old!.serialNumber);
    expect(old!.revoked).to.equal(false);
  });

  it('refuses re-acquisition where there is nothing to replace, or it is too early', async () => {
    await own.start();
    expect((await own.identified('reacquire')).answer.page).to.contain('再取得の対象となる電子証明書がありません');
    const claims = await own.newOrder();
    leafOf(await own.enroll(own.makeRequest(claims.subject), claims));
    expect((await own.identified('reacquire')).answer.page).to.contain('まだ再取得の期間になっていません');
  });

  it('refuses what is wrong with a request, and the authorization lives on', async () => {
    await own.start();
    const claims = await own.newOrder();
    const body = own.makeRequest(claims.subject);
    const der = Buffer.from(body, 'base64');
    der[der.length - 1]! ^= 1;
    const none = await own.enroll(body, undefined);
    expect(none.status).to.equal(401);
    expect(none.headers['www-authenticate']).to.match(/^Basic /);
    expect((await own.enroll(body, claims, 'wrong')).status).to.equal(401);
    expect((await own.enroll('garbage', claims)).status).to.equal(400);
    expect((await own.enroll(der.toString('base64'), claims)).status).to.equal(400);
    expect((await own.enroll(own.makeRequest(claims.subject, ['rsa:1024']), claims)).status).to.equal(400);
    expect((await own.enroll(own.makeRequest([['CN', 'somebody else']]), claims)).status).to.equal(403);
    leafOf(await own.enroll(body, claims));
  });

  it('says 202 for a while, survives a restart, and then issues', async () => {
    await own.start({ pendingMs: 1_500 });
    const claims = await own.newOrder();
    const body = own.makeRequest(claims.subject);
    const pending = await own.enroll(body, claims);
    expect(pending.status).to.equal(202);
    expect(Number(pending.headers['retry-after'])).to.be.within(1, 2);
    const before = own.bank;
    await own.bank.close();
    await own.start({ pendingMs: 1_500, ports: portsOf(before) });
    expect(own.bank.profile).to.deep.equal(before.profile);
    expect(own.bank.accounts).to.deep.equal(before.accounts);
    expect((await own.enroll(body, claims)).status).to.equal(202);
    let answer = await own.enroll(body, claims);
    for (; answer.status === 202; answer = await own.enroll(body, claims)) await sleep(100);
    leafOf(answer);
    expect((await own.identified()).answer.status).to.equal(409);
  });

  it('makes orders that the agent plans by, and certificates that the agent accepts', async () => {
    await own.start();
    const { browser } = await own.identified();
    await browser.get(`${own.bank.caUrl}/acquisition`);
    const order = orderIn((await browser.order(own.bank.caUrl)).page);
    const profile = v.parse(profileSchema, own.bank.profile);
    const verified = await verifyOrder(order, own.bank.caUrl, 'enroll', [profile]);
    checkValidity(verified.claims, Date.now());
    const { plan, secret } = planFor(verified);
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spki = asDer<SpkiDer>(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })));
    const content = { spki, keyType: 'ec-p256' as const, subject: plan.subject, extensions: plan.extensions };
    const csr = await buildCsr(content, (info) => Promise.resolve(new Uint8Array(sign('sha256', info, privateKey))));
    const ca = connectCa(plan.service, 10_000);
    const signal = AbortSignal.timeout(10_000);
    const answer = await ca.request(csr, { ...plan.authorization, secret: secret! }, signal);
    if (answer.kind !== 'issued') throw new Error(answer.kind);
    const cacerts = await ca.certificates(signal);
    const issued = checkIssued({ ...answer, cacerts, plan, spki, now: Date.now() });
    expect(issued.chain).to.have.length(2);
    expect(issued.chainComplete).to.equal(true);
  });

  it('gives each certificate a random serial number of 64 bit or more', async () => {
    await own.start();
    const claims = await own.newOrder();
    const { body } = await own.enroll(own.makeRequest(claims.subject), claims);
    const serials = [...new X509Certificates(Buffer.from(body, 'base64'))].map(({ serialNumber }) => serialNumber);
    for (const serial of serials) expect(serial).to.match(/^[0-9a-f]{32}$/);
    expect(new Set(serials).size).to.equal(serials.length);
  });
});
