/**
 * One enrollment after another on the real thing: SoftHSM behind a real token host, a CA on real HTTPS. Each thing that
 * goes wrong is a coded error, and the token is as it was before.
 */
import { createHash, verify, X509Certificate } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { canonicalJson } from '../../agent/enrollment/proof.ts';
import type { Agent } from '../../agent/main.ts';
import type { ErrorCode } from '../../web-bridge/protocol/errors.ts';
import type { EnrollmentResult } from '../../web-bridge/protocol/methods.ts';
import { type FaultyCa, issue, issueForAnotherKey, send, startFaultyCa, status } from '../doubles/faulty-ca.ts';
import { type AgentDesk, type Answers, layAgentDesk } from '../stage/agent-desk.ts';
import { makeAuthority, makeLeaf } from '../stage/authority.ts';
import { type BankDesk, ORIGIN, openBankDesk } from '../stage/bank-desk.ts';
import { ownFolder } from '../stage/folder.ts';
import { refusalOf } from '../stage/refusal.ts';
import { objectsOn } from '../stage/witness.ts';

describe('integration: an enrollment', () => {
  const folder = ownFolder();
  let bank: BankDesk;
  let ca: FaultyCa;
  let desk: AgentDesk;
  let agent: Agent;

  beforeEach(async () => {
    bank = await openBankDesk({ test: true });
    ca = await startFaultyCa(bank.authority);
  });
  afterEach(async () => {
    await agent.close();
    await ca.close();
  });

  /** Lays the desk; `service` and `deadlines` change the profile. */
  async function lay({ labels = ['desk'], service = {}, deadlines = {} }: Laid = {}): Promise<void> {
    desk = layAgentDesk(folder(), labels);
    const { enrollment, ...profile } = JSON.parse(JSON.stringify(bank.profile)) as typeof bank.profile;
    const customers = { ...enrollment['customers'], url: ca.url, ...service };
    desk.addProfile({ ...profile, enrollment: { customers }, deadlines: { retryAtLeastMs: 50, ...deadlines } });
    agent = await desk.compose();
  }
  type Laid = {
    readonly labels?: readonly string[];
    readonly service?: Readonly<Record<string, unknown>>;
    readonly deadlines?: Readonly<Record<string, number>>;
  };

  async function enroll(order?: string) {
    const enrollment = await agent.enrollments.begin(order ?? (await bank.order()), ORIGIN, 'enroll');
    return await agent.enrollments.settled(enrollment, 'owner');
  }
  /** As the bank would: by the certificate, the order's jti, the CSR that its RA saw, and the record that it was given. */
  async function expectProof(id: string, result: EnrollmentResult): Promise<void> {
    const entry = await agent.journal.read(id);
    if (entry?.state.name !== 'completed') throw new Error('not completed');
    const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest();
    const signed = Buffer.from(result.proof.signed, 'base64');
    expect(signed.length).to.equal(143);
    const record = canonicalJson(JSON.parse(JSON.stringify(result.examination)));
    const parts = [
      Buffer.from('inkan-proof-v2\0'),
      sha256(entry.state.plan.jti),
      sha256(entry.state.csr),
      sha256(record),
    ];
    expect(signed.subarray(0, 111).toString('hex')).to.equal(Buffer.concat(parts).toString('hex'));
    const { publicKey } = new X509Certificate(Buffer.from(result.certificate, 'base64'));
    const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
    expect(verify('sha256', signed, key, Buffer.from(result.proof.signature, 'base64'))).to.equal(true);
  }
  const journalFiles = () => readdirSync(join(folder(), 'state/journal'));

  for (const keyType of ['ec-p256', 'rsa-2048'] as const) {
    it(`makes an ${keyType} key, has it certified, writes it back and proves it`, async () => {
      await lay();
      const states: string[] = [];
      const id = await agent.enrollments.begin(await bank.order({ keys: [keyType] }), ORIGIN, 'enroll');
      agent.enrollments.listen(id, 'owner', ({ state }) => states.push(state));
      const standing = await agent.enrollments.settled(id, 'owner');
      expect(standing.error?.code).to.equal(undefined);
      expect(states).to.deep.equal([
        'consented',
        'key-generated',
        'csr-signed',
        'sent',
        'issued',
        'stored',
        'completed',
      ]);
      const result = await agent.enrollments.result(id, { origin: ORIGIN });
      expect(result?.keyType).to.equal(keyType);
      expect(result?.examination.trials.map(({ claim }) => claim)).to.deep.equal(Array(3).fill('consistent'));
      await expectProof(id, result!);
      const objects = objectsOn(desk, 'desk').map((line) => line.split(/[;,] /)[0]);
      expect(objects.filter((line) => line === 'Private Key Object')).to.have.lengthOf(1);
      expect(objects.filter((line) => line === 'Public Key Object')).to.have.lengthOf(1);
      // The customer's and the issuing CA's; the page has the root as well.
      expect(objects.filter((line) => line === 'Certificate Object')).to.have.lengthOf(2);
      expect(result?.chain).to.have.lengthOf(2);
      expect(journalFiles()).to.deep.equal([`${id}.json`]);
    });
  }

  describe('asks for the CA’s certificates', () => {
    const asked: string[] = [];
    beforeEach(async () => {
      asked.length = 0;
      // Longer than a test may take: who waited for an answer that does not come would fail.
      await lay({ deadlines: { caMs: 120_000 } });
      ca.onMoment = (operation, moment) => void (moment === 'arrived' && asked.push(operation));
    });

    it('once, where the answer is the certificate alone', async () => {
      ca.answer = issue(bank.authority, {}, []);
      expect((await enroll()).state).to.equal('completed');
      expect(asked).to.have.members(['csrattrs', 'cacerts', 'simpleenroll']);
    });

    it('again with the certificate in hand, where that failed', async () => {
      ca.answer = issue(bank.authority, {}, []);
      const { cacerts } = ca;
      ca.cacerts = (response) => {
        ca.cacerts = cacerts;
        response.writeHead(503).end();
      };
      const { state, enrollment } = await enroll();
      expect(state).to.equal('completed');
      expect(asked).to.have.members(['csrattrs', 'cacerts', 'simpleenroll', 'cacerts']);
      expect((await agent.enrollments.result(enrollment, { origin: ORIGIN }))?.chain).to.have.lengthOf(2);
    });

    it('and does not wait for them where the answer does without', async () => {
      const { issuing, root } = bank.authority;
      ca.answer = issue(bank.authority, {}, [issuing.certificate, root.certificate]);
      ca.cacerts = () => {};
      expect((await enroll()).state).to.equal('completed');
    });
  });

  it('joins the same order from the same origin, and refuses it once it is spent by another', async () => {
    await lay();
    const order = await bank.order();
    const first = await agent.enrollments.begin(order, ORIGIN, 'enroll');
    expect(await agent.enrollments.begin(order, ORIGIN, 'enroll')).to.equal(first);
    await agent.enrollments.settled(first, 'owner');
    expect(await agent.enrollments.begin(order, ORIGIN, 'enroll')).to.equal(first);
    const { jti } = JSON.parse(Buffer.from(order.split('.')[1] ?? '', 'base64url').toString()) as { jti: string };
    expect(await refusalOf(agent.enrollments.begin(await bank.order({ jti }), ORIGIN, 'enroll'))).to.equal(
      'ERR_POLICY_ORDER_USED',
    );
    expect(ca.requests).to.have.lengthOf(1);
  });

  it('asks one human at a time', async () => {
    await lay({ deadlines: { dialogMs: 800 } });
    desk.answer({ consent: 'ignore' });
    const first = await agent.enrollments.begin(await bank.order(), ORIGIN, 'enroll');
    expect(await refusalOf(agent.enrollments.begin(await bank.order(), ORIGIN, 'enroll'))).to.equal('ERR_BRIDGE_BUSY');
    expect((await agent.enrollments.settled(first, 'owner')).error?.code).to.equal('ERR_USER_TIMEOUT');
  });

  it("is shown to its own origin and to this machine's owner only", async () => {
    await lay();
    const { enrollment } = await enroll();
    const stranger = { origin: 'https://www.other.example' };
    expect(await refusalOf(agent.enrollments.standing(enrollment, stranger))).to.equal('ERR_BRIDGE_ENROLLMENT_UNKNOWN');
    expect(await refusalOf(agent.enrollments.cancel(enrollment, stranger))).to.equal('ERR_BRIDGE_ENROLLMENT_UNKNOWN');
    expect(await agent.enrollments.list(stranger)).to.deep.equal([]);
    expect((await agent.enrollments.standing(enrollment, { origin: ORIGIN })).state).to.equal('completed');
  });

  const PEOPLE: readonly [string, Answers, ErrorCode, string][] = [
    ['refuses', { consent: 'refuse' }, 'ERR_USER_REFUSED', 'failed'],
    ['cancels the PIN dialog', { pin: 'cancel' }, 'ERR_USER_PIN_CANCELLED', 'consented'],
  ];
  for (const [does, answers, code, state] of PEOPLE) {
    it(`stops where the human ${does}, and leaves the token as it was; the same order may be tried again`, async () => {
      await lay();
      desk.answer(answers);
      const order = await bank.order();
      const standing = await enroll(order);
      expect([standing.state, standing.error?.code]).to.deep.equal([state, code]);
      expect(objectsOn(desk, 'desk')).to.deep.equal([]);
      expect(ca.requests).to.deep.equal([]);
      desk.answer({});
      expect((await enroll(order)).state).to.equal('completed');
    });
  }

  it('stops at a wrong PIN, which is sent once, and leaves the token as it was', async () => {
    await lay();
    desk.writePin('00000000');
    const standing = await enroll();
    expect(standing.error?.code).to.be.oneOf(['ERR_TOKEN_PIN_INCORRECT', 'ERR_USER_PIN_CANCELLED']);
    expect(objectsOn(desk, 'desk')).to.deep.equal([]);
  });

  it('needs a token', async () => {
    await lay({ labels: [] });
    expect((await enroll()).error?.code).to.equal('ERR_TOKEN_MISSING');
    expect(journalFiles()).to.deep.equal([]);
  });

  it('asks which of two tokens, and uses that one', async () => {
    await lay({ labels: ['left', 'right'] });
    expect((await enroll()).error?.code).to.equal('ERR_USER_CANCELLED');
    desk.answer({ choose: 'right' });
    expect((await enroll()).state).to.equal('completed');
    expect(objectsOn(desk, 'left')).to.deep.equal([]);
    expect(objectsOn(desk, 'right')).not.to.deep.equal([]);
  });

  it('has the human type the code where the order says so', async () => {
    const asked = {
      enrollment: { protocol: 'est', label: 'customers', authorization: { scheme: 'asked', id: 'M0001' } },
    };
    await lay();
    expect((await enroll(await bank.order(asked))).error?.code).to.equal('ERR_USER_CANCELLED');
    desk.answer({ code: '1234-5678' });
    expect((await enroll(await bank.order(asked))).state).to.equal('completed');
  });

  const ISSUED_WRONG: readonly [string, (authority: BankDesk['authority']) => FaultyCa['answer'], ErrorCode][] = [
    ['another key', issueForAnotherKey, 'ERR_CERTIFICATE_KEY_MISMATCH'],
    [
      'another subject',
      (authority) => issue(authority, { subject: [['CN', 'somebody else']] }),
      'ERR_CERTIFICATE_SUBJECT_MISMATCH',
    ],
    ['a CA', (authority) => issue(authority, { ca: true, keyUsage: ['keyCertSign'] }), 'ERR_CERTIFICATE_IS_CA'],
    [
      'last year',
      (authority) => issue(authority, { notBefore: new Date(0), notAfter: new Date(86_400_000) }),
      'ERR_CERTIFICATE_EXPIRED',
    ],
    [
      'next year',
      (authority) => issue(authority, { notBefore: new Date(Date.now() + 86_400_000) }),
      'ERR_CERTIFICATE_NOT_YET_VALID',
    ],
    [
      'another usage',
      (authority) => issue(authority, { extendedKeyUsage: ['1.3.6.1.5.5.7.3.4'] }),
      'ERR_CERTIFICATE_USAGE_MISMATCH',
    ],
  ];
  for (const [what, answer, code] of ISSUED_WRONG) {
    it(`refuses a certificate for ${what}: ${code}, nothing is written, its serial number is told`, async () => {
      await lay();
      ca.answer = answer(bank.authority);
      const standing = await enroll();
      expect([standing.state, standing.error?.code]).to.deep.equal(['failed', code]);
      expect(standing.error?.details['serialNumber']).to.match(/^[0-9a-f]+$/);
      expect(objectsOn(desk, 'desk').filter((line) => line.startsWith('Certificate'))).to.deep.equal([]);
    });
  }

  it('refuses a certificate by a CA that is not the profile’s', async () => {
    await lay();
    const stranger = await makeAuthority();
    ca.answer = async ({ csr }, response) => {
      const spki = new Uint8Array(csr.publicKey.rawData);
      const leaf = await makeLeaf({ issuer: stranger.issuing, spki, subject: csr.subjectName });
      send(response, [leaf, stranger.issuing.certificate, stranger.root.certificate]);
    };
    expect((await enroll()).error?.code).to.equal('ERR_CERTIFICATE_UNTRUSTED');
  });

  const ANSWERS: readonly [string, FaultyCa['answer'], ErrorCode][] = [
    ['a redirect', status(302, '', { Location: 'https://evil.example/' }), 'ERR_CA_REDIRECTED'],
    ['401', status(401, 'burnt'), 'ERR_CA_AUTHORIZATION_REFUSED'],
    ['400', status(400, 'no such account'), 'ERR_CA_REFUSED'],
  ];
  for (const [what, answer, code] of ANSWERS) {
    it(`fails by ${code} where the CA answers ${what}; the key is taken away again`, async () => {
      await lay();
      ca.answer = answer;
      const standing = await enroll();
      expect([standing.state, standing.error?.code]).to.deep.equal(['failed', code]);
      expect(objectsOn(desk, 'desk')).to.deep.equal([]);
      expect(journalFiles().filter((name) => name.endsWith('.authorization'))).to.deep.equal([]);
    });
  }

  const UNREADABLE: readonly [string, FaultyCa['answer'], ErrorCode][] = [
    ['garbage', status(200, '<html>hello</html>'), 'ERR_CA_ANSWER_INVALID'],
    ['too much', status(200, 'A'.repeat(3_000_000)), 'ERR_CA_ANSWER_TOO_LARGE'],
  ];
  for (const [what, answer, code] of UNREADABLE) {
    it(`fails by ${code} where the CA says "issued" with ${what}; the key stays, since a certificate may exist`, async () => {
      await lay();
      ca.answer = answer;
      const standing = await enroll();
      expect([standing.state, standing.error?.code]).to.deep.equal(['failed', code]);
      const entry = await agent.journal.read(standing.enrollment);
      expect(entry?.state.name === 'failed' && entry.state.leftover?.token.label).to.equal('desk');
      expect(objectsOn(desk, 'desk').filter((line) => line.startsWith('Private'))).to.have.lengthOf(1);
    });
  }

  it('does not send twice where the answer was lost and the profile does not say that it may', async () => {
    await lay();
    ca.answer = (_, response) => void response.socket?.destroy();
    const order = await bank.order();
    const standing = await enroll(order);
    expect([standing.state, standing.error?.code]).to.deep.equal(['sent', 'ERR_CA_ANSWER_LOST']);
    ca.answer = issue(bank.authority);
    expect((await enroll(order)).error?.code).to.equal('ERR_CA_ANSWER_LOST');
    expect(ca.requests).to.have.lengthOf(1);
  });

  it('sends the same bytes again where the profile says that they bring the same certificate', async () => {
    await lay({ service: { resend: 'idempotent' } });
    ca.answer = (_, response) => void response.socket?.destroy();
    const order = await bank.order();
    expect((await enroll(order)).error?.code).to.equal('ERR_CA_ANSWER_LOST');
    ca.answer = issue(bank.authority);
    const resent = await enroll(order);
    expect([resent.state, resent.error?.code, resent.error?.details]).to.deep.equal([
      'completed',
      undefined,
      undefined,
    ]);
    expect(new Set(ca.requests).size).to.equal(1);
    expect(ca.requests).to.have.lengthOf(2);
  });

  it('waits for a CA that is too slow no longer than the profile says', async () => {
    await lay({ deadlines: { caMs: 500 } });
    ca.answer = () => {};
    expect((await enroll()).error?.code).to.equal('ERR_CA_ANSWER_LOST');
  });

  it('waits while the CA says "pending", and asks again with the same bytes', async () => {
    await lay();
    let asked = 0;
    ca.answer = (request, response) => {
      asked += 1;
      return asked < 3
        ? status(202, '', { 'Retry-After': '0' })(request, response)
        : issue(bank.authority)(request, response);
    };
    expect((await enroll()).state).to.equal('completed');
    expect(ca.requests).to.have.lengthOf(3);
    expect(new Set(ca.requests).size).to.equal(1);
  });

  it('gives up a pending request after the profile’s time', async () => {
    await lay({ deadlines: { pendingMs: 300 } });
    ca.answer = status(202, '', { 'Retry-After': '0' });
    const standing = await enroll();
    expect([standing.state, standing.error?.code]).to.deep.equal(['failed', 'ERR_CA_PENDING_TOO_LONG']);
  });

  it('goes on by itself after a restart where only the CA is waited for', async () => {
    await lay();
    ca.answer = status(202, '', { 'Retry-After': '3600' });
    const id = await agent.enrollments.begin(await bank.order(), ORIGIN, 'enroll');
    const pending = new Promise<void>((reached) => {
      agent.enrollments.listen(id, 'owner', ({ state }) => state === 'pending' && reached());
    });
    await pending;
    await agent.close();
    // The waiting is over while the agent was away.
    const entry = await agent.journal.read(id);
    if (entry?.state.name !== 'pending') throw new Error('not pending');
    await agent.journal.write({ ...entry, state: { ...entry.state, nextAt: Date.now() } });
    ca.answer = issue(bank.authority);
    agent = await desk.compose();
    agent.enrollments.goOn();
    expect((await agent.enrollments.settled(id, 'owner')).state).to.equal('completed');
    expect(new Set(ca.requests).size).to.equal(1);
  });

  it('can be cancelled while the PIN dialog is open, and not after it was sent', async () => {
    await lay();
    desk.answer({ pin: 'ignore' });
    const id = await agent.enrollments.begin(await bank.order(), ORIGIN, 'enroll');
    await new Promise<void>((reached) => {
      agent.enrollments.listen(id, 'owner', ({ state }) => state === 'consented' && reached());
    });
    await new Promise((later) => setTimeout(later, 300));
    expect((await agent.enrollments.cancel(id, 'owner')).state).to.equal('abandoned');
    expect(objectsOn(desk, 'desk')).to.deep.equal([]);
    desk.answer({});
    const { enrollment } = await enroll();
    expect(await refusalOf(agent.enrollments.cancel(enrollment, 'owner'))).to.equal('ERR_BRIDGE_TOO_LATE_TO_CANCEL');
  });

  it('gives up what an older order began for the same account, and takes its key away', async () => {
    await lay();
    ca.answer = status(503, 'later');
    const older = await enroll();
    expect([older.state, older.error?.code]).to.deep.equal(['csr-signed', 'ERR_CA_UNAVAILABLE']);
    desk.answer({ pin: 'cancel' });
    const waiting = await enroll();
    expect(waiting.state).to.equal('consented');
    desk.answer({});
    ca.answer = issue(bank.authority);
    expect((await enroll()).state).to.equal('completed');
    expect((await agent.enrollments.settled(waiting.enrollment, 'owner')).state).to.equal('abandoned');
    expect((await agent.enrollments.settled(older.enrollment, 'owner')).state).to.equal('abandoned');
    expect(objectsOn(desk, 'desk').filter((line) => line.startsWith('Private'))).to.have.lengthOf(1);
  });

  it('takes away a key that was left behind when the human next logs in to that token', async () => {
    await lay();
    const begun = await agent.enrollments.begin(await bank.order(), ORIGIN, 'enroll');
    await new Promise<void>((reached) => {
      agent.enrollments.listen(begun, 'owner', ({ state }) => state === 'key-generated' && reached());
    });
    expect((await agent.enrollments.cancel(begun, 'owner')).state).to.equal('abandoned');
    const leftover = async () =>
      (await agent.journal.list()).some(({ state }) => 'leftover' in state && state.leftover);
    expect(await leftover()).to.equal(true);
    expect((await enroll()).state).to.equal('completed');
    expect(objectsOn(desk, 'desk').filter((line) => line.startsWith('Private'))).to.have.lengthOf(1);
    expect(await leftover()).to.equal(false);
  });

  it('is refused by scripted humans for a profile that is not marked "test", before any PIN', async () => {
    await lay();
    const { test: _, enrollment, ...profile } = JSON.parse(JSON.stringify(bank.profile)) as typeof bank.profile;
    desk.addProfile({ ...profile, enrollment: { customers: { ...enrollment['customers'], url: ca.url } } });
    expect((await enroll()).error?.code).to.equal('ERR_POLICY_SCRIPTED_HUMAN_REFUSED');
  });

  it('tells that the CA cannot be reached before a key is made', async () => {
    await lay();
    await ca.close();
    const standing = await enroll();
    expect(standing.error?.code).to.equal('ERR_CA_UNREACHABLE');
    expect(objectsOn(desk, 'desk')).to.deep.equal([]);
  });

  it('trusts the TLS anchors of the profile only', async () => {
    await lay({ service: { trustAnchors: [(await makeAuthority()).root.pem] } });
    expect((await enroll()).error?.code).to.equal('ERR_CA_TLS_UNTRUSTED');
  });
});
