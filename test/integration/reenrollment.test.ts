/**
 * 更新, 再取得 and 削除 on the real thing: a new key beside the old pair, a log-in with the new certificate, and the old pair
 * taken away, exactly that, by order and consent.
 */
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Agent } from '../../agent/main.ts';
import { createNonce, referenceTo, revokedBy, verifyLogin } from '../../web-bridge/bank/login.ts';
import { type FaultyCa, issue, startFaultyCa, status } from '../doubles/faulty-ca.ts';
import { makeLeaf, stageName } from '../stage/authority.ts';
import { type CustomerPc, setUpPc } from '../stage/customer-pc.ts';
import { ownFolder } from '../stage/folder.ts';
import { refusalOf } from '../stage/refusal.ts';
import { loginOrder, ORIGIN, openTestBank, removalOrder, type TestBank } from '../stage/test-bank.ts';
import { objectsOn, pkcs11Tool, tokenObjects } from '../stage/witness.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS);

describe('integration: a re-enrollment', () => {
  const folder = ownFolder();
  const never = new AbortController().signal;
  let bank: TestBank;
  let ca: FaultyCa;
  let pc: CustomerPc;
  let agent: Agent;

  beforeEach(async () => {
    bank = await openTestBank({ test: true });
    ca = await startFaultyCa(bank.authority);
    pc = setUpPc(folder());
    const { enrollment, ...profile } = JSON.parse(JSON.stringify(bank.profile)) as typeof bank.profile;
    const customers = { ...enrollment['customers'], url: ca.url };
    pc.addProfile({ ...profile, enrollment: { customers }, deadlines: { retryAtLeastMs: 50 } });
    agent = await pc.compose();
  });
  afterEach(async () => {
    await agent.close();
    await ca.close();
  });

  async function run(purpose: 'enroll' | 'reenroll', changes: Readonly<Record<string, unknown>> = {}) {
    const order = await bank.order({ keys: ['ec-p256'], purpose, ...changes });
    const id = await agent.enrollments.begin(order, ORIGIN, purpose);
    return agent.enrollments.settled(id, 'owner');
  }
  async function acquire(
    purpose: 'enroll' | 'reenroll' = 'enroll',
    changes: Readonly<Record<string, unknown>> = {},
  ): Promise<X509Certificate> {
    const { enrollment, state, error } = await run(purpose, changes);
    expect([state, error?.code]).to.deep.equal(['completed', undefined]);
    const result = await agent.enrollments.result(enrollment, 'owner');
    return new X509Certificate(Buffer.from(result?.certificate ?? '', 'base64'));
  }
  const reacquire = (old: X509Certificate) => acquire('reenroll', { replaces: referenceTo(old) });
  const codeOf = async (changes: Readonly<Record<string, unknown>>) => (await run('reenroll', changes)).error?.code;

  async function logInWith(certificate: X509Certificate): Promise<void> {
    const nonce = createNonce();
    pc.answer({ choose: referenceTo(certificate).serialNumber });
    const answer = await agent.operations.logIn(await loginOrder(bank, nonce), ORIGIN, never);
    const issuers = [bank.authority.issuing.pem];
    const known = await verifyLogin(answer, { origin: ORIGIN, nonce, issuers, isRevoked: revokedBy([]) });
    expect(known.fingerprint256).to.equal(certificate.fingerprint256);
    pc.answer({});
  }
  const remove = async (certificate: X509Certificate) =>
    agent.operations.remove(await removalOrder(bank, referenceTo(certificate)), ORIGIN, never);
  const count = (kind: string) => objectsOn(pc, 'desk').filter((line) => line.startsWith(kind)).length;
  async function serials(): Promise<string[]> {
    const [token] = await agent.ports.tokens.list(never);
    if (!token) throw new Error('no token');
    const stored = await agent.ports.tokens.certificates(token, never);
    return stored.map(({ certificate }) => referenceTo(new X509Certificate(certificate)).serialNumber);
  }

  it('makes a new key and leaves the old pair; both log in; then exactly the old pair is removed', async () => {
    const old = await acquire();
    const young = await reacquire(old);
    expect(young.publicKey.equals(old.publicKey)).to.equal(false);
    expect([count('Private Key'), count('Public Key')]).to.deep.equal([2, 2]);
    await logInWith(old);
    await logInWith(young);
    const before = await serials();
    await remove(old);
    expect([count('Private Key'), count('Public Key')]).to.deep.equal([1, 1]);
    const gone = referenceTo(old).serialNumber;
    expect(await serials()).to.have.members(before.filter((serial) => serial !== gone));
    await logInWith(young);
    expect(await refusalOf(remove(old))).to.equal('ERR_TOKEN_CERTIFICATE_MISSING');
  });

  it('knows 更新 from 再取得 by the old certificate’s expiry', async () => {
    const expiredOf = async () => {
      const entries = await agent.ports.journal.list();
      return entries.flatMap(({ state }) => (state.plan.previous ? [state.plan.previous.expired] : []));
    };
    ca.answer = issue(bank.authority, { notAfter: new Date(Date.now() - MINUTE_MS) });
    const old = await acquire();
    ca.answer = issue(bank.authority);
    const young = await reacquire(old);
    expect(await expiredOf()).to.deep.equal([true]);
    await reacquire(young);
    expect(await expiredOf()).to.deep.equal([true, false]);
  });

  it('is refused for a token without the certificate, or with another person’s, before anybody is asked', async () => {
    pc.answer({ consent: 'ignore' });
    const reference = { issuer: Buffer.from(new Uint8Array(bank.authority.issuing.name.toArrayBuffer())) };
    const named = (serialNumber: string) => ({
      replaces: { issuer: reference.issuer.toString('base64'), serialNumber },
    });
    expect(await codeOf(named('0a'))).to.equal('ERR_TOKEN_CERTIFICATE_MISSING');
    pc.answer({});
    const others = await acquire('enroll', { subject: [['CN', 'somebody else']] });
    pc.answer({ consent: 'ignore' });
    expect(await codeOf(named('0a'))).to.equal('ERR_TOKEN_CERTIFICATE_FOREIGN');
    expect(await codeOf({ replaces: referenceTo(others) })).to.equal('ERR_POLICY_REPLACES_ANOTHER');
    expect(count('Private Key')).to.equal(1);
  });

  it('takes no certificate in another name, and the old one still logs in', async () => {
    const old = await acquire();
    ca.answer = issue(bank.authority, { subject: [['CN', 'somebody else']] });
    expect(await codeOf({ replaces: referenceTo(old) })).to.equal('ERR_CERTIFICATE_SUBJECT_MISMATCH');
    await logInWith(old);
  });

  it('removes nothing that somebody still needs: the only valid one, one that an enrollment is about to replace', async () => {
    const old = await acquire();
    expect(await refusalOf(remove(old))).to.equal('ERR_POLICY_REMOVAL_REFUSED');
    const other = await acquire('enroll', { subject: [['CN', 'somebody else']] });
    // Another person's certificate is no substitute.
    expect(await refusalOf(remove(old))).to.equal('ERR_POLICY_REMOVAL_REFUSED');
    const young = await reacquire(old);
    ca.answer = status(503, 'later');
    expect((await run('reenroll', { replaces: referenceTo(young) })).state).to.equal('csr-signed');
    expect(await refusalOf(remove(young))).to.equal('ERR_POLICY_REMOVAL_REFUSED');
    await remove(old);
    expect(await serials()).to.include(referenceTo(other).serialNumber);
  });

  it('removes nothing where another certificate is of the same key, and asks nobody', async () => {
    const one = await acquire();
    const spki = one.publicKey.export({ format: 'der', type: 'spki' });
    const { subject } = bank.claims() as { readonly subject: readonly (readonly [string, string])[] };
    const other = await makeLeaf({ issuer: bank.authority.issuing, spki, subject: stageName(subject) });
    const file = join(folder(), 'other.der');
    writeFileSync(file, other);
    const id = tokenObjects(pc, 'desk').find(({ kind }) => kind === 'Private Key')?.id ?? '';
    pkcs11Tool(pc, 'desk', ['--write-object', file, '--type', 'cert', '--id', id]);
    const before = await serials();
    expect(before).to.include(referenceTo(new X509Certificate(other)).serialNumber);
    pc.answer({ consent: 'refuse' });
    expect(await refusalOf(remove(one))).to.equal('ERR_POLICY_REMOVAL_REFUSED');
    expect([count('Private Key'), count('Public Key')]).to.deep.equal([1, 1]);
    expect(await serials()).to.have.members(before);
    await logInWith(one);
  });

  it('removes an expired one though it is the last: it logs nobody in', async () => {
    ca.answer = issue(bank.authority, { notAfter: new Date(Date.now() - MINUTE_MS) });
    await remove(await acquire());
    expect([count('Private Key'), count('Public Key')]).to.deep.equal([0, 0]);
  });

  it('removes nothing where the human refuses or cancels the PIN, and no order twice', async () => {
    const old = await acquire();
    await reacquire(old);
    const order = await removalOrder(bank, referenceTo(old));
    const removed = () => refusalOf(agent.operations.remove(order, ORIGIN, never));
    pc.answer({ consent: 'refuse' });
    expect(await removed()).to.equal('ERR_USER_REFUSED');
    pc.answer({ pin: 'cancel' });
    expect(await removed()).to.equal('ERR_USER_PIN_CANCELLED');
    pc.answer({});
    expect(await removed()).to.equal('ERR_POLICY_ORDER_USED');
    expect(count('Private Key')).to.equal(2);
  });

  it('tells a page where the bank’s certificates stand in the renewal window, the newest of each holder', async () => {
    const renewals = async () =>
      (await agent.operations.deviceStatus(ORIGIN, new AbortController().signal)).renewal.certificates;
    expect(await renewals()).to.deep.equal([]);
    ca.answer = issue(bank.authority, { notAfter: new Date(Date.now() - MINUTE_MS) });
    const old = await acquire();
    expect((await renewals()).map(({ phase }) => phase)).to.deep.equal(['expired-allowed']);
    ca.answer = issue(bank.authority, { notAfter: inDays(10) });
    await reacquire(old);
    expect((await renewals()).map(({ phase }) => phase)).to.deep.equal(['open']);
    ca.answer = issue(bank.authority);
    await acquire('enroll', { subject: [['CN', 'somebody else']] });
    expect((await renewals()).map(({ phase }) => phase)).to.deep.equal(['too-early', 'open']);
    expect(JSON.stringify(await renewals())).not.to.contain('somebody');
  });
});
