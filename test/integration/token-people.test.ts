/** People and their tokens: not yet plugged in, pulled out in the middle, two at once, a PIN to be changed. */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Agent } from '../../agent/main.ts';
import { changePin } from '../../agent/operations/pin-change.ts';
import { createNonce, referenceTo } from '../../web-bridge/bank/login.ts';
import type { StateName } from '../../web-bridge/protocol/methods.ts';
import { until } from '../contract/processes.ts';
import { type FaultyCa, issue, startFaultyCa, status } from '../doubles/faulty-ca.ts';
import { compileFaultyModule, type FaultyModule, faultyModuleOver } from '../doubles/faulty-module.ts';
import { type Answers, type CustomerPc, setUpPc } from '../stage/customer-pc.ts';
import { ownFolder } from '../stage/folder.ts';
import { refusalOf } from '../stage/refusal.ts';
import { stageSoftHsm } from '../stage/softhsm.ts';
import { loginOrder, ORIGIN, openTestBank, removalOrder, type TestBank } from '../stage/test-bank.ts';
import { pkcs11Tool, tokenObjects } from '../stage/witness.ts';

const later = (ms: number): Promise<void> => new Promise((come) => setTimeout(come, ms));

describe('integration: people and their tokens', function () {
  this.timeout(60_000);
  const folder = ownFolder();
  let bank: TestBank;
  let ca: FaultyCa;
  let pc: CustomerPc;
  let faulty: FaultyModule;
  let agent: Agent;

  beforeEach(async () => {
    bank = await openTestBank({ test: true });
    ca = await startFaultyCa(bank.authority);
  });
  afterEach(async () => {
    await agent.close();
    await ca.close();
  });

  async function lay(labels: readonly string[] = ['desk'], answers: Answers = {}, plan = ''): Promise<void> {
    pc = setUpPc(folder(), labels);
    faulty = faultyModuleOver({ ...pc, environment: pc.tokenEnvironment }, compileFaultyModule(folder()), folder());
    pc.setModules([faulty.planned(plan)]);
    pc.answer(answers);
    const { enrollment, ...profile } = JSON.parse(JSON.stringify(bank.profile)) as typeof bank.profile;
    const customers = { ...enrollment['customers'], url: ca.url };
    pc.addProfile({ ...profile, enrollment: { customers }, deadlines: { retryAtLeastMs: 50 } });
    agent = await pc.compose();
  }

  const begin = async (changes = {}) =>
    agent.enrollments.begin(await bank.order({ keys: ['ec-p256'], ...changes }), ORIGIN, 'enroll');
  /** The readers were looked at again and again: whatever waits for the token could have given up. */
  async function lookedInVain(): Promise<void> {
    const looks = (): number => faulty.calls().filter((name) => name === 'C_GetSlotList').length;
    const before = looks();
    await until('the readers are looked at three times more', () => looks() >= before + 3, 30_000);
  }
  const settled = (enrollment: string) => agent.enrollments.settled(enrollment, 'owner');
  const kinds = (label = 'desk') =>
    tokenObjects(pc, label)
      .map(({ kind }) => kind)
      .filter((kind) => kind !== 'Certificate')
      .sort();

  it('waits for a token that is not plugged in, and goes on by itself once it is', async () => {
    await lay(['desk'], { insert: 'wait' });
    faulty.pull(true);
    const enrollment = await begin();
    await lookedInVain();
    expect((await agent.enrollments.progress(enrollment, 'owner')).state).to.equal('accepted');
    faulty.pull(false);
    expect((await settled(enrollment)).state).to.equal('completed');
  });

  it('waits for the token to log in, and to remove what is on it', async () => {
    await lay(['desk'], { insert: 'wait' });
    const enrollment = await begin();
    await settled(enrollment);
    const { certificate = '' } = (await agent.enrollments.result(enrollment, 'owner')) ?? {};
    const never = new AbortController().signal;
    const waited = async <T>(act: Promise<T>): Promise<T> => {
      let over = false;
      const done = act.finally(() => (over = true));
      done.catch(() => {});
      await lookedInVain();
      expect(over).to.equal(false);
      faulty.pull(false);
      return await done;
    };
    faulty.pull(true);
    const token = await waited(agent.operations.logIn(await loginOrder(bank, createNonce()), ORIGIN, never));
    expect(token.unverifiedCertificate).to.equal(certificate);
    faulty.pull(true);
    const named = referenceTo(new X509Certificate(Buffer.from(certificate, 'base64')));
    const removal = waited(agent.operations.remove(await removalOrder(bank, named), ORIGIN, never));
    // It alone is valid of its subject: it was looked at, and is not taken away.
    expect(await refusalOf(removal))
      .to.match(/^ERR_(TOKEN|POLICY)_/)
      .and.not.equal('ERR_TOKEN_MISSING');
  });

  it('says that the token is missing where the human does not want to wait', async () => {
    await lay(['desk'], { insert: 'cancel' });
    faulty.pull(true);
    expect((await settled(await begin())).error?.code).to.equal('ERR_TOKEN_MISSING');
  });

  it('waits for nobody once the enrollment is cancelled', async () => {
    await lay(['desk'], { insert: 'wait' });
    faulty.pull(true);
    const enrollment = await begin();
    await lookedInVain();
    expect((await agent.enrollments.cancel(enrollment, 'owner')).error?.code).to.equal('ERR_USER_CANCELLED');
  });

  const PULLED_IN: readonly StateName[] = ['consented', 'key-generated', 'csr-signed', 'pending', 'issued', 'stored'];
  for (const state of PULLED_IN) {
    it(`waits when the token is pulled out in "${state}", and goes on when it is back`, async () => {
      await lay();
      let asked = 0;
      ca.answer = (request, response) => {
        asked += 1;
        const pending = state === 'pending' && asked === 1;
        return (pending ? status(202, '', { 'Retry-After': '0' }) : issue(bank.authority))(request, response);
      };
      const enrollment = await begin();
      agent.enrollments.listen(enrollment, 'owner', (progress) => {
        if (progress.state === state) faulty.pull(true);
      });
      const waiting = await settled(enrollment);
      expect(waiting.error?.code).to.be.oneOf(['ERR_TOKEN_REMOVED', 'ERR_TOKEN_MISSING']);
      expect(waiting.error?.retry).to.equal('user');
      faulty.pull(false);
      agent.enrollments.resume(enrollment, 'owner');
      expect((await settled(enrollment)).state).to.equal('completed');
      expect(kinds()).to.deep.equal(['Private Key', 'Public Key']);
    });
  }

  it('asks for the very token that it began with, and waits for that', async () => {
    await lay();
    const enrollment = await begin();
    agent.enrollments.listen(enrollment, 'owner', ({ state }) => state === 'issued' && faulty.pull(true));
    await settled(enrollment);
    pc.answer({ insert: 'wait' });
    agent.enrollments.resume(enrollment, 'owner');
    await lookedInVain();
    faulty.pull(false);
    expect((await settled(enrollment)).state).to.equal('completed');
  });

  it('tells who is locked out before any question, and makes no log-in', async () => {
    await lay(['desk'], {}, 'C_GetTokenInfo:*:flag-0x40000');
    expect((await settled(await begin())).error?.code).to.equal('ERR_TOKEN_PIN_LOCKED');
    expect(faulty.calls()).not.to.include('C_Login');
  });

  for (const lastTry of ['confirm', 'cancel'] as const) {
    it(`uses the last try of a PIN only where the human says so: ${lastTry}`, async () => {
      await lay(['desk'], { lastTry }, 'C_GetTokenInfo:*:flag-0x20000');
      const { state, error } = await settled(await begin());
      expect([state, error?.code]).to.deep.equal(
        lastTry === 'confirm' ? ['completed', undefined] : ['consented', 'ERR_USER_PIN_CANCELLED'],
      );
      expect(faulty.calls().includes('C_Login')).to.equal(lastTry === 'confirm');
    });
  }

  it('has the PIN typed on a reader with a pad: the module gets NULL, and no dialog of ours asks', async () => {
    await lay(['desk'], { pin: 'cancel' }, 'C_GetTokenInfo:*:flag-0x100;C_Login:*:pin-pad');
    const { state, error } = await settled(await begin());
    expect([state, error?.code, error?.details]).to.deep.equal(['completed', undefined, undefined]);
  });

  it('changes the PIN, which is the only one from then on', async () => {
    await lay();
    const newPinFile = join(folder(), 'new-pin');
    writeFileSync(newPinFile, '24681357\n', { mode: 0o600 });
    pc.answer({ newPinFile });
    expect((await changePin({ profile: bank.profile.id }, await agent.profiles.read(), agent.ports)).label).to.equal(
      'desk',
    );
    expect(faulty.calls().filter((name) => /^C_(Login|SetPIN)$/.test(name))).to.deep.equal(['C_Login', 'C_SetPIN']);
    expect(() => pkcs11Tool(pc, 'desk', ['--list-objects'])).to.throw();
    expect(pkcs11Tool({ ...pc, pin: '24681357' }, 'desk', ['--list-objects'])).to.equal('');
  });

  it('leaves the PIN as it was where the human gives up, and changes it on the pad of a reader that has one', async () => {
    await lay(['desk'], {}, 'C_SetPIN:*:pin-pad');
    expect(await refusalOf(changePin({ profile: bank.profile.id }, await agent.profiles.read(), agent.ports))).to.equal(
      'ERR_USER_PIN_CANCELLED',
    );
    pc.setModules([faulty.planned('C_GetTokenInfo:*:flag-0x100;C_SetPIN:*:pin-pad')]);
    agent = await pc.compose();
    await changePin({ profile: bank.profile.id }, await agent.profiles.read(), agent.ports);
    expect(faulty.calls()).not.to.include('C_Login');
    expect(pkcs11Tool({ ...pc, pin: '24681357' }, 'desk', ['--list-objects'])).to.equal('');
  });

  it('works with two modules at once, a token behind each', async () => {
    await lay(['left']);
    const other = stageSoftHsm(mkdtempSync(join(folder(), 'other-')), ['right']);
    pc.setModules([faulty.planned(''), { path: other.module, environment: other.environment }]);
    agent = await pc.compose();
    const both = await agent.ports.tokens.list(new AbortController().signal);
    expect(both.map(({ label }) => label).sort()).to.deep.equal(['left', 'right']);
    pc.answer({ choose: 'right' });
    const right = await begin();
    await settled(right);
    pc.answer({ choose: 'left' });
    const left = await begin({ account: { id: 'M0002', display: 'second' } });
    expect([(await settled(right)).state, (await settled(left)).state]).to.deep.equal(['completed', 'completed']);
    expect(kinds('left')).to.deep.equal(['Private Key', 'Public Key']);
  });

  /** Two enrollments at once, the second begun as soon as the human is free; what happened, in its order. */
  async function together(choices: readonly [string, string]): Promise<string[]> {
    const events: string[] = [];
    const listen = (enrollment: string, name: string) =>
      agent.enrollments.listen(enrollment, 'owner', ({ state }) => events.push(`${name} ${state}`));
    pc.answer({ choose: choices[0] });
    const first = await begin();
    listen(first, 'first');
    while (!events.includes('first key-generated')) await later(20);
    pc.answer({ choose: choices[1] });
    const second = await begin({ account: { id: 'M0002', display: 'second' } });
    listen(second, 'second');
    const hold = () => choices[0] !== choices[1] && !events.includes('second key-generated');
    ca.answer = (request, response) =>
      (hold() ? status(202, '', { 'Retry-After': '0' }) : issue(bank.authority))(request, response);
    const ends = await Promise.all([settled(first), settled(second)]);
    expect(ends.map(({ state }) => state)).to.deep.equal(['completed', 'completed']);
    return events;
  }
  /** So that the first is still at work when the second begins. */
  const SLOW = 'C_Sign:*:slow-700';

  it('queues two enrollments on one token: no second host writes there at the same time', async () => {
    await lay(['desk'], {}, SLOW);
    const events = await together(['desk', 'desk']);
    expect(events.indexOf('second key-generated')).to.be.greaterThan(events.indexOf('first completed'));
    expect(kinds()).to.deep.equal(['Private Key', 'Private Key', 'Public Key', 'Public Key']);
  });

  it('runs enrollments on two tokens side by side', async () => {
    await lay(['left', 'right'], {}, SLOW);
    const events = await together(['left', 'right']);
    expect(events.indexOf('second key-generated')).to.be.lessThan(events.indexOf('first issued'));
    for (const label of ['left', 'right']) expect(kinds(label)).to.deep.equal(['Private Key', 'Public Key']);
  });
});
