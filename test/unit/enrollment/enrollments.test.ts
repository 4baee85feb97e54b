/** One enrollment at a time, in a world that remembers: what is kept on disk, on the token and open meanwhile. */
import { expect } from 'chai';
import type { Enrollments } from '../../../agent/enrollment/enrollments.ts';
import { AgentError, type ErrorCode, type ErrorDetails } from '../../../web-bridge/protocol/errors.ts';
import { parseCertificate } from '../../../web-bridge/x509/certificate.ts';
import { type ModelWorld, modelWorld } from '../../doubles/model-world.ts';
import { makeLeaf, stageName } from '../../stage/authority.ts';
import { refusalOf } from '../../stage/refusal.ts';
import { ORIGIN, openTestBank, type TestBank } from '../../stage/test-bank.ts';

const MINUTE_MS = 60_000;

describe('enrollment: what is begun', () => {
  let bank: TestBank;
  let world: ModelWorld;
  let agent: Enrollments;
  before(async () => {
    bank = await openTestBank({ deadlines: { pendingMs: 10 * MINUTE_MS } });
  });
  beforeEach(async () => {
    world = modelWorld(bank, 'never');
    agent = await world.start();
  });
  afterEach(() => agent.close());

  async function enroll(account = 'M0001') {
    const iat = Math.floor(world.now() / 1000);
    const authorization = { scheme: 'basic', id: account, secret: `secret-of-${account}` };
    const order = await bank.order({
      iat,
      exp: iat + 600,
      account: { id: account, display: account },
      keys: ['ec-p256'],
      enrollment: { protocol: 'est', label: 'customers', authorization },
    });
    return agent.settled(await agent.begin(order, ORIGIN, 'enroll'), 'owner');
  }
  const stateOf = (enrollment: string) => world.journal.get(enrollment)?.state.name;

  describe('the authorization on disk', () => {
    it('stays while the request may be sent, and is erased once a certificate is issued', async () => {
      world.caSays = 'unavailable';
      const { enrollment } = await enroll();
      expect(stateOf(enrollment)).to.equal('csr-signed');
      expect(world.secrets.get(enrollment)).to.equal('secret-of-M0001');
      world.caSays = 'issued';
      world.tokenFails.store = new AgentError('ERR_TOKEN_REMOVED');
      agent.resume(enrollment, 'owner');
      await agent.settled(enrollment, 'owner');
      expect(stateOf(enrollment)).to.equal('issued');
      expect(world.secrets.size).to.equal(0);
    });

    it('is erased when the enrollment fails, and when it is abandoned', async () => {
      world.caSays = 'refused';
      expect((await enroll()).state).to.equal('failed');
      expect(world.secrets.size).to.equal(0);
      world.caSays = 'unavailable';
      const { enrollment } = await enroll();
      expect(world.secrets.size).to.equal(1);
      expect((await agent.cancel(enrollment, 'owner')).state).to.equal('abandoned');
      expect(world.secrets.size).to.equal(0);
    });
  });

  describe('a new order', () => {
    it('gives up what was never sent for the same account, and nothing of another account', async () => {
      world.caSays = 'unavailable';
      const [mine, another] = [await enroll('M0001'), await enroll('M0002')];
      expect([mine, another].map(({ enrollment }) => stateOf(enrollment))).to.deep.equal(['csr-signed', 'csr-signed']);
      world.caSays = 'issued';
      expect((await enroll('M0001')).state).to.equal('completed');
      await agent.settled(mine.enrollment, 'owner');
      expect(stateOf(mine.enrollment)).to.equal('abandoned');
      expect(stateOf(another.enrollment)).to.equal('csr-signed');
      expect(world.secrets.get(another.enrollment)).to.equal('secret-of-M0002');
    });
  });

  describe('the session with the token', () => {
    it('is one for a bank that answers within a minute', async () => {
      world.answersAfterMs = MINUTE_MS - 1_000;
      expect((await enroll()).state).to.equal('completed');
      expect(world.opened).to.deep.equal(['enroll']);
    });

    it('is not used to write after a minute: the PIN is asked for again', async () => {
      world.answersAfterMs = MINUTE_MS + 1_000;
      expect((await enroll()).state).to.equal('completed');
      expect(world.opened).to.deep.equal(['enroll', 'write-back']);
    });

    for (const [retryAfterMs, opened] of [
      [MINUTE_MS / 2, ['enroll']],
      [2 * MINUTE_MS, ['enroll', 'write-back']],
    ] as const)
      it(`is ${opened.length === 1 ? 'kept' : 'closed'} while the CA lets it wait for ${retryAfterMs / 1000} s`, async () => {
        world.retryAfterMs = retryAfterMs;
        world.caSaysFirst.push('pending');
        expect((await enroll()).state).to.equal('completed');
        expect(world.opened).to.deep.equal(opened);
      });
  });

  describe('an answer of the CA that is no certificate', () => {
    const leftoverOf = (enrollment: string) => {
      const state = world.journal.get(enrollment)?.state;
      return state && 'leftover' in state ? state.leftover : 'open';
    };

    for (const said of [
      error('ERR_CA_UNREACHABLE'),
      error('ERR_CA_TLS_UNTRUSTED'),
      ...[408, 425, 429, 503].map((status) => error('ERR_CA_UNAVAILABLE', { status })),
    ])
      it(`leaves the request unsent where it did not act: ${said.code} ${JSON.stringify(said.details)}`, async () => {
        world.caSays = said;
        const { enrollment, state, error } = await enroll();
        expect([state, error?.code]).to.deep.equal(['csr-signed', said.code]);
        world.caSays = 'issued';
        agent.resume(enrollment, 'owner');
        expect((await agent.settled(enrollment, 'owner')).state).to.equal('completed');
        expect(world.requests[1]?.csr).to.equal(world.requests[0]?.csr);
      });

    for (const said of [
      error('ERR_CA_ANSWER_LOST'),
      ...[500, 502, 504].map((status) => error('ERR_CA_UNAVAILABLE', { status })),
    ])
      it(`leaves it unknown whether it acted, and sends nothing again: ${said.code} ${JSON.stringify(said.details)}`, async () => {
        world.caSays = said;
        const { enrollment, state, error } = await enroll();
        expect([state, error?.code]).to.deep.equal(['sent', said.code]);
        agent.resume(enrollment, 'owner');
        const again = await agent.settled(enrollment, 'owner');
        expect([again.state, again.error?.code]).to.deep.equal(['sent', 'ERR_CA_ANSWER_LOST']);
        expect(world.requests).to.have.lengthOf(1);
        expect(world.secrets.size).to.equal(1);
      });

    it('ends it where the CA refused, and the key is destroyed in the same session', async () => {
      world.caSays = error('ERR_CA_REFUSED', { status: 400 });
      const { enrollment, state, error: told } = await enroll();
      expect([state, told?.code, told?.details]).to.deep.equal(['failed', 'ERR_CA_REFUSED', { status: 400 }]);
      expect(world.journal.get(enrollment)?.state).to.include({ at: 'sent' });
      expect([world.keys.size, leftoverOf(enrollment)]).to.deep.equal([0, undefined]);
      expect(world.opened).to.deep.equal(['enroll']);
    });

    for (const code of ['ERR_CA_ANSWER_INVALID', 'ERR_CERTIFICATE_SUBJECT_MISMATCH'] as const)
      it(`ends it by ${code}, and keeps the key: a certificate may exist for it`, async () => {
        world.caSays = error(code);
        const { enrollment, state } = await enroll();
        expect(state).to.equal('failed');
        expect(world.keys.size).to.equal(1);
        expect(leftoverOf(enrollment)).to.include({ maybeCertified: true });
      });

    describe('to a request that is sent again', () => {
      beforeEach(async () => {
        world = modelWorld(bank, 'idempotent');
        agent = await world.start();
        world.caSays = error('ERR_CA_ANSWER_LOST');
      });
      async function sentAgain(said: ModelWorld['caSays']) {
        const { enrollment } = await enroll();
        world.caSays = said;
        agent = await world.start();
        agent.resume(enrollment, 'owner');
        return agent.settled(enrollment, 'owner');
      }

      it('brings the certificate, by the same bytes and the same key', async () => {
        expect((await sentAgain('issued')).state).to.equal('completed');
        expect(world.requests.map(({ csr }) => csr)).to.deep.equal([world.requests[0]?.csr, world.requests[0]?.csr]);
        expect(world.opened).to.deep.equal(['enroll', 'write-back']);
      });

      for (const code of ['ERR_CA_REFUSED', 'ERR_CA_AUTHORIZATION_REFUSED', 'ERR_CA_REDIRECTED'] as const)
        it(`says nothing by ${code}: the first may have been acted upon`, async () => {
          const { state, error: told } = await sentAgain(error(code, { status: 401 }));
          expect([state, told?.code, told?.details]).to.deep.equal(['sent', 'ERR_CA_ANSWER_LOST', { status: 401 }]);
          expect(told?.cause).to.be.instanceOf(AgentError).with.property('code', code);
        });

      for (const code of ['ERR_CA_UNREACHABLE', 'ERR_CA_TLS_UNTRUSTED', 'ERR_CA_UNAVAILABLE'] as const)
        it(`by ${code} leaves it as it was, sent`, async () => {
          const { state, error: told } = await sentAgain(error(code, { status: 503 }));
          expect([state, told?.code]).to.deep.equal(['sent', code]);
        });

      it('ends it where the answer holds what is no certificate of ours, and keeps the key', async () => {
        const { enrollment, state } = await sentAgain(error('ERR_CERTIFICATE_KEY_MISMATCH'));
        expect([state, world.keys.size]).to.deep.equal(['failed', 1]);
        expect(leftoverOf(enrollment)).to.include({ maybeCertified: true });
      });
    });

    describe('after it said "later"', () => {
      for (const code of [
        'ERR_CA_UNREACHABLE',
        'ERR_CA_TLS_UNTRUSTED',
        'ERR_CA_UNAVAILABLE',
        'ERR_CA_ANSWER_LOST',
      ] as const)
        it(`passes by ${code}: it is asked again`, async () => {
          world.caSaysFirst.push('pending', error(code), error(code));
          expect((await enroll()).state).to.equal('completed');
          expect(world.requests).to.have.lengthOf(4);
        });

      it('ends it where it refuses, and keeps the key', async () => {
        world.caSaysFirst.push('pending', error('ERR_CA_REFUSED'));
        const { enrollment, state, error: told } = await enroll();
        expect([state, told?.code, world.keys.size]).to.deep.equal(['failed', 'ERR_CA_REFUSED', 1]);
        expect(world.journal.get(enrollment)?.state).to.include({ at: 'pending' });
        expect(leftoverOf(enrollment)).to.include({ maybeCertified: true });
      });

      it('ends it when it has been pending for too long, and reports what was said last', async () => {
        world.caSaysFirst.push('pending');
        world.caSays = error('ERR_CA_UNREACHABLE');
        const { enrollment, state, error: told } = await enroll();
        expect([state, told?.code]).to.deep.equal(['failed', 'ERR_CA_PENDING_TOO_LONG']);
        expect([world.keys.size, world.secrets.size]).to.deep.equal([1, 0]);
        expect(leftoverOf(enrollment)).to.include({ maybeCertified: true });
        const fact = 'enrollment: pending too long';
        expect(world.reports).to.deep.include({ fact, details: { last: 'ERR_CA_UNREACHABLE' } });
      });
    });

    it('is an authorization that is gone, where the disk lost it: the CA is not asked', async () => {
      world.caSays = 'unavailable';
      const { enrollment } = await enroll();
      (world.secrets as Map<string, string>).clear();
      agent.resume(enrollment, 'owner');
      const { state, error: told } = await agent.settled(enrollment, 'owner');
      expect([state, told?.code]).to.deep.equal(['failed', 'ERR_CA_AUTHORIZATION_REFUSED']);
      expect(told?.details).to.deep.equal({ reason: 'authorization is gone' });
      expect(world.requests).to.have.lengthOf(1);
    });
  });

  describe('a token that fails', () => {
    it('makes it wait in its state, to be gone on with, where the person can mend it', async () => {
      for (const [step, state] of [
        ['generate', 'consented'],
        ['signRequest', 'key-generated'],
        ['store', 'issued'],
        ['prove', 'stored'],
      ] as const) {
        world = modelWorld(bank, 'never');
        agent = await world.start();
        world.tokenFails[step] = new AgentError('ERR_TOKEN_REMOVED');
        const waiting = await enroll();
        expect([waiting.state, waiting.error?.code]).to.deep.equal([state, 'ERR_TOKEN_REMOVED']);
        delete world.tokenFails[step];
        agent.resume(waiting.enrollment, 'owner');
        const done = await agent.settled(waiting.enrollment, 'owner');
        expect([done.state, done.error?.code]).to.deep.equal(['completed', undefined]);
        expect([world.keys.size, world.issued.length]).to.deep.equal([1, 1]);
      }
    });

    it('ends it where nobody can mend it, and no key is left', async () => {
      world.tokenFails.generate = new AgentError('ERR_TOKEN_KEY_EXPORTABLE');
      const { enrollment, state, error } = await enroll();
      expect([state, error?.code]).to.deep.equal(['failed', 'ERR_TOKEN_KEY_EXPORTABLE']);
      expect(world.journal.get(enrollment)?.state).to.deep.include({ at: 'consented', leftover: undefined });
    });

    it('leaves word of a key that may be on it, where it cannot be taken away', async () => {
      Object.assign(world.tokenFails, {
        generate: new AgentError('ERR_TOKEN_KEY_EXPORTABLE'),
        destroy: new AgentError('ERR_TOKEN_REMOVED'),
      });
      const { enrollment } = await enroll();
      const state = world.journal.get(enrollment)?.state;
      expect(state).to.have.nested.property('leftover.token.label', 'desk');
      expect(state).not.to.have.nested.property('leftover.maybeCertified');
    });

    it('leaves nothing where it never opened', async () => {
      world.tokenFails.open = new AgentError('ERR_MODULE_UNSAFE');
      const { enrollment, state } = await enroll();
      expect(state).to.equal('failed');
      expect(world.journal.get(enrollment)?.state).to.deep.include({ leftover: undefined });
    });

    it('never ends what has a certificate: it waits, whatever the error', async () => {
      world.tokenFails.store = new AgentError('ERR_TOKEN_WRITE_PROTECTED');
      const { state, error } = await enroll();
      expect([state, error?.code]).to.deep.equal(['issued', 'ERR_TOKEN_WRITE_PROTECTED']);
    });
  });

  describe('the write-back', () => {
    it('calls nobody while the session is open, and the person where the PIN is needed again', async () => {
      await enroll();
      expect(world.notices).to.deep.equal([]);
      world.caSaysFirst.push('pending');
      world.retryAfterMs = 2 * MINUTE_MS;
      await enroll('M0002');
      const account = { id: 'M0002', display: 'M0002' };
      expect(world.notices).to.deep.equal([{ about: 'write-back', bank: bank.profile.names, account }]);
    });

    it('writes the chain without its root, under the names of bank and account', async () => {
      const { root, issuing } = bank.authority;
      world.answerFor = async (certificate) => [certificate, root.certificate, issuing.certificate];
      await enroll();
      expect(world.written).to.deep.equal([{ chain: [issuing.certificate], label: 'Sample Shinkin Bank M0001' }]);
    });

    it('asks the CA for its own certificates where the answer has the leaf alone', async () => {
      const { root, issuing } = bank.authority;
      world.answerFor = async (certificate) => [certificate];
      world.cacerts = [root.certificate, issuing.certificate];
      const { enrollment } = await enroll();
      const result = await agent.result(enrollment, 'owner');
      const base64 = (der: Uint8Array) => Buffer.from(der).toString('base64');
      expect(result?.chain).to.deep.equal([issuing, root].map(({ certificate }) => base64(certificate)));
      expect(result?.chainComplete).to.equal(true);
    });

    it('takes one of several certificates for the key, and tells of the others', async () => {
      const { issuing } = bank.authority;
      const subject = stageName([
        ['O', '株式会社サンプル'],
        ['CN', 'M0001'],
      ]);
      world.answerFor = async (certificate) => {
        const { spki } = parseCertificate(certificate);
        const notBefore = new Date(Date.now() - 60 * MINUTE_MS);
        return [certificate, await makeLeaf({ issuer: issuing, spki, subject, serialNumber: '4711', notBefore })];
      };
      const { enrollment } = await enroll();
      expect((await agent.result(enrollment, 'owner'))?.otherSerialNumbers).to.deep.equal(['4711']);
      const fact = 'enrollment: the CA issued more than one certificate for the key';
      expect(world.reports).to.deep.equal([{ fact, details: { others: '4711' } }]);
      world.answerFor = async (certificate) => [certificate];
      await enroll('M0002');
      expect(world.reports).to.have.lengthOf(1);
    });
  });

  describe('an enrollment that is cancelled', () => {
    it('is abandoned at once and its key destroyed, until the request is sent', async () => {
      world.tokenFails.signRequest = new AgentError('ERR_TOKEN_REMOVED');
      const { enrollment } = await enroll();
      expect(world.keys.size).to.equal(1);
      delete world.tokenFails.signRequest;
      expect((await agent.cancel(enrollment, 'owner')).state).to.equal('abandoned');
      expect(world.journal.get(enrollment)?.state).to.include({ name: 'abandoned', at: 'key-generated' });
      const leftover = world.journal.get(enrollment)?.state;
      expect(leftover).to.have.nested.property('leftover.token.label', 'desk');
      // Nobody is asked for a PIN to clear up: the next one who logs in does it.
      expect(world.keys.size).to.equal(1);
      expect((await enroll('M0002')).state).to.equal('completed');
      expect(world.keys.size).to.equal(1);
      expect(world.journal.get(enrollment)?.state).to.deep.include({ leftover: undefined });
    });

    it('cannot be cancelled once it was sent', async () => {
      world.caSays = error('ERR_CA_ANSWER_LOST');
      const { enrollment } = await enroll();
      expect(await refusalOf(agent.cancel(enrollment, 'owner'))).to.equal('ERR_BRIDGE_TOO_LATE_TO_CANCEL');
      expect(stateOf(enrollment)).to.equal('sent');
    });
  });

  it('is seen by the pages of its own origin and by the owner, and by nobody else', async () => {
    const { enrollment } = await enroll();
    expect((await agent.progress(enrollment, { origin: ORIGIN })).state).to.equal('completed');
    expect((await agent.list({ origin: ORIGIN })).map((one) => one.enrollment)).to.deep.equal([enrollment]);
    expect(await agent.list({ origin: 'https://other.example' })).to.deep.equal([]);
    const strange = agent.progress(enrollment, { origin: 'https://other.example' });
    expect(await refusalOf(strange)).to.equal('ERR_BRIDGE_ENROLLMENT_UNKNOWN');
  });

  it('tells each state in its turn to whoever listens', async () => {
    world.caSays = 'unavailable';
    const { enrollment } = await enroll();
    const heard: string[] = [];
    agent.listen(enrollment, 'owner', ({ state }) => heard.push(state));
    world.caSays = 'issued';
    agent.resume(enrollment, 'owner');
    await agent.settled(enrollment, 'owner');
    expect(heard).to.deep.equal(['sent', 'issued', 'stored', 'completed']);
  });
});

function error(code: ErrorCode, details: ErrorDetails = {}): AgentError {
  return new AgentError(code, details);
}
