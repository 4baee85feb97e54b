/** What the CA makes of an enrollment: answers, refuses, is late or away; and what the token then holds. */
import { expect } from 'chai';
import type { ErrorCode } from '../../web-bridge/protocol/errors.ts';
import { type FaultyCa, issue, issueForAnotherKey, send, status } from '../doubles/faulty-ca.ts';
import { makeAuthority, makeLeaf } from '../stage/authority.ts';
import { ORIGIN, type TestBank } from '../stage/test-bank.ts';
import { objectsOn } from '../stage/witness.ts';
import { ownEnrollment } from './own-enrollment.ts';

describe('integration: an enrollment and its CA', () => {
  const own = ownEnrollment();

  describe('asks for the CA’s certificates', () => {
    const asked: string[] = [];
    beforeEach(async () => {
      asked.length = 0;
      // Longer than a test may take: who waited for an answer that does not come would fail.
      await own.lay({ deadlines: { caMs: 120_000 } });
      own.ca.onMoment = (operation, moment) => void (moment === 'arrived' && asked.push(operation));
    });

    it('once, where the answer is the certificate alone', async () => {
      own.ca.answer = issue(own.bank.authority, {}, []);
      expect((await own.enroll()).state).to.equal('completed');
      expect(asked).to.have.members(['csrattrs', 'cacerts', 'simpleenroll']);
    });

    it('again with the certificate in hand, where that failed', async () => {
      own.ca.answer = issue(own.bank.authority, {}, []);
      const { cacerts } = own.ca;
      own.ca.cacerts = (response) => {
        own.ca.cacerts = cacerts;
        response.writeHead(503).end();
      };
      const { state, enrollment } = await own.enroll();
      expect(state).to.equal('completed');
      expect(asked).to.have.members(['csrattrs', 'cacerts', 'simpleenroll', 'cacerts']);
      expect((await own.agent.enrollments.result(enrollment, { origin: ORIGIN }))?.chain).to.have.lengthOf(2);
    });

    it('and does not wait for them where the answer does without', async () => {
      const { issuing, root } = own.bank.authority;
      own.ca.answer = issue(own.bank.authority, {}, [issuing.certificate, root.certificate]);
      own.ca.cacerts = () => {};
      expect((await own.enroll()).state).to.equal('completed');
    });
  });

  const ISSUED_WRONG: readonly [string, (authority: TestBank['authority']) => FaultyCa['answer'], ErrorCode][] = [
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
      await own.lay();
      own.ca.answer = answer(own.bank.authority);
      const progress = await own.enroll();
      expect([progress.state, progress.error?.code]).to.deep.equal(['failed', code]);
      expect(progress.error?.details['serialNumber']).to.match(/^[0-9a-f]+$/);
      expect(objectsOn(own.pc, 'desk').filter((line) => line.startsWith('Certificate'))).to.deep.equal([]);
    });
  }

  it('refuses a certificate by a CA that is not the profile’s', async () => {
    await own.lay();
    const stranger = await makeAuthority();
    own.ca.answer = async ({ csr }, response) => {
      const spki = new Uint8Array(csr.publicKey.rawData);
      const leaf = await makeLeaf({ issuer: stranger.issuing, spki, subject: csr.subjectName });
      send(response, [leaf, stranger.issuing.certificate, stranger.root.certificate]);
    };
    expect((await own.enroll()).error?.code).to.equal('ERR_CERTIFICATE_UNTRUSTED');
  });

  const ANSWERS: readonly [string, FaultyCa['answer'], ErrorCode][] = [
    ['a redirect', status(302, '', { Location: 'https://evil.example/' }), 'ERR_CA_REDIRECTED'],
    ['401', status(401, 'burnt'), 'ERR_CA_AUTHORIZATION_REFUSED'],
    ['400', status(400, 'no such account'), 'ERR_CA_REFUSED'],
  ];
  for (const [what, answer, code] of ANSWERS) {
    it(`fails by ${code} where the CA answers ${what}; the key is taken away again`, async () => {
      await own.lay();
      own.ca.answer = answer;
      const progress = await own.enroll();
      expect([progress.state, progress.error?.code]).to.deep.equal(['failed', code]);
      expect(objectsOn(own.pc, 'desk')).to.deep.equal([]);
      expect(own.journalFiles().filter((name) => name.endsWith('.authorization'))).to.deep.equal([]);
    });
  }

  const UNREADABLE: readonly [string, FaultyCa['answer'], ErrorCode][] = [
    ['garbage', status(200, '<html>hello</html>'), 'ERR_CA_ANSWER_INVALID'],
    ['too much', status(200, 'A'.repeat(3_000_000)), 'ERR_CA_ANSWER_TOO_LARGE'],
  ];
  for (const [what, answer, code] of UNREADABLE) {
    it(`fails by ${code} where the CA says "issued" with ${what}; the key stays, since a certificate may exist`, async () => {
      await own.lay();
      own.ca.answer = answer;
      const progress = await own.enroll();
      expect([progress.state, progress.error?.code]).to.deep.equal(['failed', code]);
      const entry = await own.agent.ports.journal.read(progress.enrollment);
      expect(entry?.state.name === 'failed' && entry.state.leftover?.token.label).to.equal('desk');
      expect(objectsOn(own.pc, 'desk').filter((line) => line.startsWith('Private'))).to.have.lengthOf(1);
    });
  }

  it('does not send twice where the answer was lost and the profile does not say that it may', async () => {
    await own.lay();
    own.ca.answer = (_, response) => void response.socket?.destroy();
    const order = await own.bank.order();
    const progress = await own.enroll(order);
    expect([progress.state, progress.error?.code]).to.deep.equal(['sent', 'ERR_CA_ANSWER_LOST']);
    own.ca.answer = issue(own.bank.authority);
    expect((await own.enroll(order)).error?.code).to.equal('ERR_CA_ANSWER_LOST');
    expect(own.ca.requests).to.have.lengthOf(1);
  });

  it('sends the same bytes again where the profile says that they bring the same certificate', async () => {
    await own.lay({ service: { resend: 'idempotent' } });
    own.ca.answer = (_, response) => void response.socket?.destroy();
    const order = await own.bank.order();
    expect((await own.enroll(order)).error?.code).to.equal('ERR_CA_ANSWER_LOST');
    own.ca.answer = issue(own.bank.authority);
    const resent = await own.enroll(order);
    expect([resent.state, resent.error?.code, resent.error?.details]).to.deep.equal([
      'completed',
      undefined,
      undefined,
    ]);
    expect(new Set(own.ca.requests).size).to.equal(1);
    expect(own.ca.requests).to.have.lengthOf(2);
  });

  it('waits for a CA that is too slow no longer than the profile says', async () => {
    await own.lay({ deadlines: { caMs: 1_500 } });
    own.ca.answer = () => {};
    expect((await own.enroll()).error?.code).to.equal('ERR_CA_ANSWER_LOST');
  });

  it('waits while the CA says "pending", and asks again with the same bytes', async () => {
    await own.lay();
    let asked = 0;
    own.ca.answer = (request, response) => {
      asked += 1;
      return asked < 3
        ? status(202, '', { 'Retry-After': '0' })(request, response)
        : issue(own.bank.authority)(request, response);
    };
    expect((await own.enroll()).state).to.equal('completed');
    expect(own.ca.requests).to.have.lengthOf(3);
    expect(new Set(own.ca.requests).size).to.equal(1);
  });

  it('gives up a pending request after the profile’s time', async () => {
    await own.lay({ deadlines: { pendingMs: 300 } });
    own.ca.answer = status(202, '', { 'Retry-After': '0' });
    const progress = await own.enroll();
    expect([progress.state, progress.error?.code]).to.deep.equal(['failed', 'ERR_CA_PENDING_TOO_LONG']);
  });

  it('goes on by itself after a restart where only the CA is waited for', async () => {
    await own.lay();
    own.ca.answer = status(202, '', { 'Retry-After': '3600' });
    const id = await own.agent.enrollments.begin(await own.bank.order(), ORIGIN, 'enroll');
    const pending = new Promise<void>((reached) => {
      own.agent.enrollments.listen(id, 'owner', ({ state }) => state === 'pending' && reached());
    });
    await pending;
    await own.agent.close();
    // The waiting is over while the agent was away.
    const entry = await own.agent.ports.journal.read(id);
    if (entry?.state.name !== 'pending') throw new Error('not pending');
    await own.agent.ports.journal.write({ ...entry, state: { ...entry.state, nextAt: Date.now() } });
    own.ca.answer = issue(own.bank.authority);
    own.agent = await own.pc.compose();
    own.agent.enrollments.resumeUnattended();
    expect((await own.agent.enrollments.settled(id, 'owner')).state).to.equal('completed');
    expect(new Set(own.ca.requests).size).to.equal(1);
  });

  it('tells that the CA cannot be reached before a key is made', async () => {
    await own.lay();
    await own.ca.close();
    const progress = await own.enroll();
    expect(progress.error?.code).to.equal('ERR_CA_UNREACHABLE');
    expect(objectsOn(own.pc, 'desk')).to.deep.equal([]);
  });

  it('trusts the TLS anchors of the profile only', async () => {
    await own.lay({ service: { trustAnchors: [(await makeAuthority()).root.pem] } });
    expect((await own.enroll()).error?.code).to.equal('ERR_CA_TLS_UNTRUSTED');
  });
});
