/**
 * 電子証明書ログイン on the real thing: certificates that the agent itself has brought onto a SoftHSM token, orders that the
 * bank's own code signs, answers that it verifies, and openssl as a second verifier.
 */
import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Agent } from '../../agent/main.ts';
import { createNonce, LoginRefused, referenceTo, revokedBy, verifyLogin } from '../../web-bridge/bank/login.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Result } from '../../web-bridge/protocol/methods.ts';
import { ecdsaToDer } from '../../web-bridge/x509/ecdsa.ts';
import { type FaultyCa, issue, startFaultyCa } from '../doubles/faulty-ca.ts';
import { makeAuthority } from '../stage/authority.ts';
import { type CustomerPc, setUpPc } from '../stage/customer-pc.ts';
import { ownFolder } from '../stage/folder.ts';
import { refusalOf } from '../stage/refusal.ts';
import { loginOrder, ORIGIN, openTestBank, type TestBank } from '../stage/test-bank.ts';

type LoginToken = Result<'authenticate'>;

describe('integration: a log-in with the certificate', () => {
  const folder = ownFolder();
  const never = new AbortController().signal;
  let bank: TestBank;
  let ca: FaultyCa;
  let pc: CustomerPc;
  let agent: Agent;

  beforeEach(async () => {
    bank = await openTestBank({ test: true });
    ca = await startFaultyCa(bank.authority);
  });
  afterEach(async () => {
    await agent.close();
    await ca.close();
  });

  async function lay(labels: readonly string[] = ['desk'], deadlines: Readonly<Record<string, number>> = {}) {
    pc = setUpPc(folder(), labels);
    const { enrollment, ...profile } = JSON.parse(JSON.stringify(bank.profile)) as typeof bank.profile;
    pc.addProfile({
      ...profile,
      enrollment: { customers: { ...enrollment['customers'], url: ca.url } },
      deadlines: { retryAtLeastMs: 50, ...deadlines },
    });
    agent = await pc.compose();
  }

  async function enroll(changes: Readonly<Record<string, unknown>> = {}): Promise<X509Certificate> {
    const id = await agent.enrollments.begin(await bank.order({ keys: ['ec-p256'], ...changes }), ORIGIN, 'enroll');
    const progress = await agent.enrollments.settled(id, 'owner');
    expect([progress.state, progress.error?.code]).to.deep.equal(['completed', undefined]);
    const result = await agent.enrollments.result(id, 'owner');
    return new X509Certificate(Buffer.from(result?.certificate ?? '', 'base64'));
  }
  async function logIn(nonce = createNonce(), changes: object = {}): Promise<LoginToken> {
    return agent.operations.logIn(await loginOrder(bank, nonce, changes), ORIGIN, never);
  }
  const verified = (answer: unknown, nonce: string, isRevoked = revokedBy([])) =>
    verifyLogin(answer, { origin: ORIGIN, nonce, issuers: [bank.authority.issuing.pem], isRevoked });
  const reasonOf = async (work: Promise<unknown>): Promise<string> => {
    const outcome = await work.then(
      () => undefined,
      (error: unknown) => error,
    );
    return outcome instanceof LoginRefused ? outcome.reason : 'not refused';
  };

  /** hash(origin) ‖ hash(nonce), and what openssl says of the signature over it. */
  function judgedByOpenssl({ unverifiedCertificate, algorithm, signature }: LoginToken, nonce: string): string {
    const place = (name: string) => join(folder(), name);
    const { publicKey } = new X509Certificate(Buffer.from(unverifiedCertificate, 'base64'));
    const raw = Buffer.from(signature, 'base64');
    const digest = (text: string) => createHash('sha256').update(text).digest();
    writeFileSync(place('value'), Buffer.concat([digest(ORIGIN), digest(nonce)]));
    writeFileSync(place('signature'), algorithm === 'ES256' ? ecdsaToDer(raw) : raw);
    writeFileSync(place('key.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
    const args = ['dgst', '-sha256', '-verify', place('key.pem'), '-signature', place('signature'), place('value')];
    return execFileSync('openssl', args, { encoding: 'utf8' }).trim();
  }

  it('names the program by the address of its releases, where agent.json has one', async () => {
    await lay();
    await enroll();
    const file = join(folder(), 'config/agent.json');
    const config = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...config, releases: 'https://www.bank.example/inkan/' }));
    await agent.close();
    agent = await pc.compose();
    expect((await logIn()).appVersion).to.match(/^https:\/\/www\.bank\.example\/inkan\/\d+\.\d+\.\d+$/);
  });

  for (const [keyType, algorithm] of [
    ['ec-p256', 'ES256'],
    ['rsa-2048', 'RS256'],
  ] as const)
    it(`signs the bank's nonce for the page's origin by ${algorithm}; the bank and openssl verify it`, async () => {
      await lay();
      const certificate = await enroll({ keys: [keyType] });
      const nonce = createNonce();
      const answer = await logIn(nonce);
      expect([answer.format, answer.algorithm]).to.deep.equal(['web-eid:1.0', algorithm]);
      expect(answer.unverifiedCertificate).to.equal(certificate.raw.toString('base64'));
      expect(answer.appVersion).to.match(/^inkan\/\d+\.\d+\.\d+$/);
      expect((await verified(answer, nonce)).fingerprint256).to.equal(certificate.fingerprint256);
      expect(judgedByOpenssl(answer, nonce)).to.equal('Verified OK');
      expect(await reasonOf(verified(answer, createNonce()))).to.equal('signature-invalid');
      const revoked = revokedBy([referenceTo(certificate)]);
      expect(await reasonOf(verified(answer, nonce, revoked))).to.equal('certificate-revoked');
    });

  it('carries an order out once, whatever happened to the agent meanwhile', async () => {
    await lay();
    await enroll();
    const order = await loginOrder(bank, createNonce());
    await agent.operations.logIn(order, ORIGIN, never);
    expect(await refusalOf(agent.operations.logIn(order, ORIGIN, never))).to.equal('ERR_POLICY_ORDER_USED');
    await agent.close();
    agent = await pc.compose();
    expect(await refusalOf(agent.operations.logIn(order, ORIGIN, never))).to.equal('ERR_POLICY_ORDER_USED');
  });

  it('refuses orders that are not for this: origin, purpose, age, a nonce under 256 bit', async () => {
    await lay();
    const order = await loginOrder(bank, createNonce());
    const other = 'https://www.other.example';
    expect(await refusalOf(agent.operations.logIn(order, other, never))).to.equal('ERR_POLICY_ORDER_ORIGIN_MISMATCH');
    const enrolling = await bank.order();
    expect(await refusalOf(agent.operations.logIn(enrolling, ORIGIN, never))).to.equal(
      'ERR_POLICY_ORDER_PURPOSE_MISMATCH',
    );
    expect(await refusalOf(agent.enrollments.begin(order, ORIGIN, 'enroll'))).to.equal(
      'ERR_POLICY_ORDER_PURPOSE_MISMATCH',
    );
    const iat = Math.floor(Date.now() / 1000) - 3_600;
    expect(await refusalOf(logIn(createNonce(), { iat, exp: iat + 300 }))).to.equal('ERR_POLICY_ORDER_EXPIRED');
    expect(await refusalOf(agent.operations.remove(order, ORIGIN, never))).to.equal(
      'ERR_POLICY_ORDER_PURPOSE_MISMATCH',
    );
    // The bank's own code signs no such order, so this one is only as good as its claim.
    await loginOrder(bank, 'short').then(
      () => expect.fail('signed'),
      (error: Error) => expect(error.message).to.contain('nonce'),
    );
  });

  it('asks which of several certificates, on whichever token; expired ones are not offered', async () => {
    await lay(['left', 'right']);
    const subject = (name: string) => ({ subject: [['CN', name]] });
    pc.answer({ choose: 'left' });
    const one = await enroll(subject('M0001'));
    ca.answer = issue(bank.authority, { notAfter: new Date(Date.now() - 60_000) });
    const expired = await enroll(subject('M0002'));
    // One that is valid is taken without a question, for the other has expired.
    pc.answer({});
    expect((await logIn()).unverifiedCertificate).to.equal(one.raw.toString('base64'));
    ca.answer = issue(bank.authority);
    pc.answer({ choose: 'right' });
    const other = await enroll(subject('M0003'));
    pc.answer({});
    expect(await refusalOf(logIn())).to.equal('ERR_USER_CANCELLED');
    pc.answer({ choose: referenceTo(expired).serialNumber });
    expect(await refusalOf(logIn())).to.equal('ERR_USER_CANCELLED');
    pc.answer({ choose: referenceTo(other).serialNumber });
    expect((await logIn()).unverifiedCertificate).to.equal(other.raw.toString('base64'));
  });

  it('says why there is none to log in with: no token, none of this bank, only expired ones', async () => {
    await lay([]);
    expect(await refusalOf(logIn())).to.equal('ERR_TOKEN_MISSING');
    await agent.close();
    await lay(['desk']);
    expect(await refusalOf(logIn())).to.equal('ERR_TOKEN_CERTIFICATE_MISSING');
    ca.answer = issue(bank.authority, { notAfter: new Date(Date.now() - 60_000) });
    await enroll();
    expect(await refusalOf(logIn())).to.equal('ERR_TOKEN_CERTIFICATE_EXPIRED');
    await agent.close();
    const profile = JSON.parse(JSON.stringify(bank.profile)) as Record<string, unknown>;
    pc.addProfile({ ...profile, issuers: [(await makeAuthority()).issuing.pem] });
    agent = await pc.compose();
    expect(await refusalOf(logIn())).to.equal('ERR_TOKEN_CERTIFICATE_MISSING');
  });

  it('does nothing where the human refuses, and leaves the page in peace after three times; enrollments count too', async () => {
    await lay();
    await enroll();
    pc.answer({ consent: 'refuse' });
    const order = await loginOrder(bank, createNonce());
    const refused = () => refusalOf(agent.operations.logIn(order, ORIGIN, never));
    // The same order may be tried again: nobody has consented, so it is not spent.
    expect([await refused(), await refused()]).to.deep.equal(['ERR_USER_REFUSED', 'ERR_USER_REFUSED']);
    const id = await agent.enrollments.begin(await bank.order(), ORIGIN, 'enroll');
    expect((await agent.enrollments.settled(id, 'owner')).error?.code).to.equal('ERR_USER_REFUSED');
    expect(await refused()).to.equal('ERR_POLICY_COOL_DOWN');
    expect(await refusalOf(agent.enrollments.begin(await bank.order(), ORIGIN, 'enroll'))).to.equal(
      'ERR_POLICY_COOL_DOWN',
    );
  });

  it('spends the order where the human agreed and then cancelled the PIN', async () => {
    await lay();
    await enroll();
    pc.answer({ pin: 'cancel' });
    const order = await loginOrder(bank, createNonce());
    expect(await refusalOf(agent.operations.logIn(order, ORIGIN, never))).to.equal('ERR_USER_PIN_CANCELLED');
    expect(await refusalOf(agent.operations.logIn(order, ORIGIN, never))).to.equal('ERR_POLICY_ORDER_USED');
  });

  it('asks one question at a time, be it for a log-in or an enrollment; a page that goes takes its dialog along', async () => {
    await lay();
    await enroll();
    pc.answer({ consent: 'ignore' });
    const gone = new AbortController();
    const order = await loginOrder(bank, createNonce());
    const first = refusalOf(agent.operations.logIn(order, ORIGIN, gone.signal));
    await new Promise((later) => setTimeout(later, 500));
    expect(await refusalOf(logIn())).to.equal('ERR_BRIDGE_BUSY');
    expect(await refusalOf(agent.enrollments.begin(await bank.order(), ORIGIN, 'enroll'))).to.equal('ERR_BRIDGE_BUSY');
    // Its dialog would stand for five minutes. The reason is the one that a page's end has (`methods/while-connected.ts`).
    gone.abort(new AgentError('ERR_USER_CANCELLED', { reason: 'the page has gone' }));
    expect(await first).to.equal('ERR_USER_CANCELLED');
    pc.answer({ pin: 'ignore' });
    const id = await agent.enrollments.begin(await bank.order(), ORIGIN, 'enroll');
    await new Promise<void>((consented) => {
      agent.enrollments.listen(id, 'owner', ({ state }) => state === 'consented' && consented());
    });
    // The PIN dialog is a dialog.
    expect(await refusalOf(logIn())).to.equal('ERR_BRIDGE_BUSY');
    await agent.enrollments.cancel(id, 'owner');
    pc.answer({});
    expect((await logIn()).format).to.equal('web-eid:1.0');
  });
});
