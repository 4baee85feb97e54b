/**
 * However often the page, the network or the machine fails: one request, one key, one certificate. A lost answer is the
 * bank's to clear up, and the order that it then gives goes on with the same key.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Agent } from '../../agent/main.ts';
import { type FaultyCa, issue, send, startFaultyCa, status } from '../doubles/faulty-ca.ts';
import { makeLeaf } from '../stage/authority.ts';
import { type CustomerPc, setUpPc } from '../stage/customer-pc.ts';
import { ownFolder } from '../stage/folder.ts';
import { refusalOf } from '../stage/refusal.ts';
import { inkan } from '../stage/served-agent.ts';
import { ORIGIN, openTestBank, type TestBank } from '../stage/test-bank.ts';
import { tokenObjects } from '../stage/witness.ts';

describe('integration: exactly one', () => {
  const folder = ownFolder();
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
    pc.addProfile({ ...profile, enrollment: { customers }, deadlines: { retryAtLeastMs: 50, dialogMs: 5_000 } });
    agent = await pc.compose();
  });
  afterEach(async () => {
    await agent.close();
    await ca.close();
  });

  const order = (changes: object = {}) => bank.order({ keys: ['ec-p256'], ...changes });
  const settled = (enrollment: string) => agent.enrollments.settled(enrollment, 'owner');
  async function enroll(changes: object = {}) {
    const { enrollment, state, error } = await settled(
      await agent.enrollments.begin(await order(changes), ORIGIN, 'enroll'),
    );
    return { enrollment, state, code: error?.code };
  }
  const lose = () => (ca.answer = (_, response) => void response.socket?.destroy());
  const keys = () => tokenObjects(pc, 'desk').filter(({ kind }) => kind === 'Private Key');
  const stateOf = async (enrollment: string) => (await agent.ports.journal.read(enrollment))?.state;

  it('a new order goes on with the key and the very request whose answer was lost', async () => {
    lose();
    const older = await enroll();
    expect([older.state, older.code]).to.deep.equal(['sent', 'ERR_CA_ANSWER_LOST']);
    const before = keys();
    ca.answer = issue(bank.authority);
    const newer = await enroll();
    expect([newer.state, newer.code]).to.deep.equal(['completed', undefined]);
    expect(keys()).to.deep.equal(before);
    expect(ca.requests[1]).to.equal(ca.requests[0]);
    expect((await stateOf(older.enrollment))?.name).to.equal('failed');
    const names = readdirSync(join(folder(), 'state/journal')).sort();
    expect(names).to.deep.equal([`${older.enrollment}.json`, `${newer.enrollment}.json`].sort());
  });

  it('an order for something else has a request of its own signed by the same key', async () => {
    lose();
    await enroll();
    ca.answer = issue(bank.authority);
    expect((await enroll({ subject: [['CN', 'M0001 (2)']] })).state).to.equal('completed');
    expect(ca.requests[1]).not.to.equal(ca.requests[0]);
    expect(keys()).to.have.lengthOf(1);
  });

  it('takes the certificate that the bank looked up, and checks it like any answer', async () => {
    const lookedUp: Uint8Array[] = [];
    ca.answer = async (request, response) => {
      // Issued, and then the line goes dead.
      await issue(bank.authority)(request, {
        writeHead: () => ({ end: (text: string) => lookedUp.push(Buffer.from(text)) }),
      } as never);
      response.socket?.destroy();
    };
    expect((await enroll()).code).to.equal('ERR_CA_ANSWER_LOST');
    ca.answer = (_, response) => void response.end(lookedUp[0]);
    const newer = await enroll();
    expect([newer.state, newer.code]).to.deep.equal(['completed', undefined]);
    expect(lookedUp).to.have.lengthOf(1);
  });

  it('keeps the key where the new order fails too: a certificate may exist for it', async () => {
    lose();
    await enroll();
    ca.answer = status(409, 'this account has one');
    const refused = await enroll();
    expect([refused.state, refused.code]).to.deep.equal(['failed', 'ERR_CA_REFUSED']);
    const before = keys();
    expect(before).to.have.lengthOf(1);
    ca.answer = issue(bank.authority);
    expect((await enroll()).state).to.equal('completed');
    expect(keys()).to.deep.equal(before);
  });

  it('another account has a key of its own', async () => {
    lose();
    await enroll();
    ca.answer = issue(bank.authority);
    expect((await enroll({ account: { id: 'M0002', display: 'another' } })).state).to.equal('completed');
    expect(keys()).to.have.lengthOf(2);
  });

  it('sends again where the CA said that it did not act', async () => {
    ca.answer = status(503, 'later', { 'Retry-After': '1' });
    const waiting = await enroll();
    expect([waiting.state, waiting.code]).to.deep.equal(['csr-signed', 'ERR_CA_UNAVAILABLE']);
    ca.answer = issue(bank.authority);
    agent.enrollments.resume(waiting.enrollment, 'owner');
    expect((await settled(waiting.enrollment)).state).to.equal('completed');
    expect(ca.requests[1]).to.equal(ca.requests[0]);
  });

  const ALONE: readonly [string, 'never' | 'idempotent', FaultyCa['answer'], end: string][] = [
    ['signed and not acted upon', 'never', status(503), 'completed'],
    [
      'sent, where the same bytes bring the same',
      'idempotent',
      (_, response) => void response.socket?.destroy(),
      'completed',
    ],
    ['sent, where they may bring another', 'never', (_, response) => void response.socket?.destroy(), 'sent'],
  ];
  for (const [what, resend, answer, end] of ALONE)
    it(`after a restart, what was ${what} → ${end}, by itself`, async () => {
      const { enrollment: services, ...profile } = JSON.parse(JSON.stringify(bank.profile)) as typeof bank.profile;
      pc.addProfile({ ...profile, enrollment: { customers: { ...services['customers'], url: ca.url, resend } } });
      ca.answer = answer;
      const { enrollment } = await enroll();
      await agent.close();
      ca.answer = issue(bank.authority);
      agent = await pc.compose();
      agent.enrollments.resumeUnattended();
      expect((await settled(enrollment)).state).to.equal(end);
      // It also looks for what is to be renewed, and the folder goes before the hook ends it.
      await agent.enrollments.close();
      expect(ca.requests).to.have.lengthOf(end === 'completed' ? 2 : 1);
      expect(new Set(ca.requests).size).to.equal(1);
    });

  it('two pages with two orders for one account are one operation, while it is at work and while it is pending', async () => {
    ca.answer = status(202, '', { 'Retry-After': '3600' });
    const first = await agent.enrollments.begin(await order(), ORIGIN, 'enroll');
    const reached = (wanted: string) =>
      new Promise<void>((done) => {
        agent.enrollments.listen(first, 'owner', ({ state }) => state === wanted && done());
      });
    await reached('consented');
    expect(await agent.enrollments.begin(await order(), ORIGIN, 'enroll')).to.equal(first);
    await reached('pending');
    expect(await agent.enrollments.begin(await order(), ORIGIN, 'enroll')).to.equal(first);
    expect(keys()).to.have.lengthOf(1);
    expect(ca.requests).to.have.lengthOf(1);
  });

  it('a page and the command line are one operation: the one that comes second says that it is busy', async () => {
    pc.answer({ consent: 'ignore' });
    const id = await agent.enrollments.begin(await order(), ORIGIN, 'enroll');
    const file = join(folder(), 'order');
    writeFileSync(file, await order());
    const args = ['enroll', '--profile', 'stage-bank', '--order', file, '--scripted-human', pc.script, '--json'];
    const { json, status: exit } = await inkan(pc, args);
    expect([exit, (json as { error: { code: string } }).error.code]).to.deep.equal([1, 'ERR_BRIDGE_BUSY']);
    await agent.enrollments.cancel(id, 'owner');
  });

  it('an order that the command line has used is refused to a page whose agent started before', async () => {
    const file = join(folder(), 'order');
    const text = await order();
    writeFileSync(file, text);
    const args = ['enroll', '--profile', 'stage-bank', '--order', file, '--scripted-human', pc.script, '--json'];
    expect((await inkan(pc, args)).status).to.equal(0);
    const joined = await agent.enrollments.begin(text, ORIGIN, 'enroll');
    expect((await agent.enrollments.progress(joined, 'owner')).state).to.equal('completed');
    const { jti } = JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString()) as { jti: string };
    expect(await refusalOf(agent.enrollments.begin(await order({ jti }), ORIGIN, 'enroll'))).to.equal(
      'ERR_POLICY_ORDER_USED',
    );
    expect(ca.requests).to.have.lengthOf(1);
  });

  it('of two certificates for the key the newest is written, and the page is told the other’s serial number', async () => {
    const hour = 3_600_000;
    const issued: X509Certificate[] = [];
    ca.answer = async ({ csr }, response) => {
      const spki = new Uint8Array(csr.publicKey.rawData) as never;
      const common = { issuer: bank.authority.issuing, spki, subject: csr.subjectName };
      const both = [
        await makeLeaf({ ...common, notBefore: new Date(Date.now() - 2 * hour) }),
        await makeLeaf({ ...common, notBefore: new Date(Date.now() - hour) }),
      ];
      issued.push(...both.map((der) => new X509Certificate(der)));
      send(response, [...both, bank.authority.issuing.certificate]);
    };
    const { enrollment } = await enroll();
    const result = await agent.enrollments.result(enrollment, { origin: ORIGIN });
    const [older, newer] = issued.map(({ serialNumber }) => serialNumber.toLowerCase());
    expect([result?.serialNumber, result?.otherSerialNumbers]).to.deep.equal([newer, [older]]);
    const digest = (der: Uint8Array) => createHash('sha256').update(der).digest('hex');
    expect(digest(Buffer.from(result?.certificate ?? '', 'base64'))).to.equal(
      digest(issued[1]?.raw ?? Buffer.alloc(0)),
    );
  });
});
