/**
 * One enrollment after another on the real thing: what comes of it, and what the human and the order make of it. Each thing
 * that goes wrong is a coded error, and the token is as it was before.
 */
import { createHash, verify, X509Certificate } from 'node:crypto';
import { copyFileSync, rmSync } from 'node:fs';
import { expect } from 'chai';
import { canonicalJson } from '../../agent/enrollment/proof.ts';
import type { ErrorCode } from '../../web-bridge/protocol/errors.ts';
import type { EnrollmentResult } from '../../web-bridge/protocol/methods.ts';
import { issue, status } from '../doubles/faulty-ca.ts';
import type { Answers } from '../stage/customer-pc.ts';
import { refusalOf } from '../stage/refusal.ts';
import { ORIGIN } from '../stage/test-bank.ts';
import { objectsOn } from '../stage/witness.ts';
import { ownEnrollment } from './own-enrollment.ts';

describe('integration: an enrollment', () => {
  const own = ownEnrollment();

  /** As the bank would: by the certificate, the order's jti, the CSR that its RA saw, and the record that it was given. */
  async function expectProof(id: string, result: EnrollmentResult): Promise<void> {
    const entry = await own.agent.ports.journal.read(id);
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
  for (const keyType of ['ec-p256', 'rsa-2048'] as const) {
    it(`makes an ${keyType} key, has it certified, writes it back and proves it`, async () => {
      await own.lay();
      const states: string[] = [];
      const id = await own.agent.enrollments.begin(await own.bank.order({ keys: [keyType] }), ORIGIN, 'enroll');
      own.agent.enrollments.listen(id, 'owner', ({ state }) => states.push(state));
      const progress = await own.agent.enrollments.settled(id, 'owner');
      expect(progress.error?.code).to.equal(undefined);
      expect(states).to.deep.equal([
        'consented',
        'key-generated',
        'csr-signed',
        'sent',
        'issued',
        'stored',
        'completed',
      ]);
      const result = await own.agent.enrollments.result(id, { origin: ORIGIN });
      expect(result?.keyType).to.equal(keyType);
      expect(result?.examination.trials.map(({ claim }) => claim)).to.deep.equal(Array(3).fill('consistent'));
      await expectProof(id, result!);
      const objects = objectsOn(own.pc, 'desk').map((line) => line.split(/[;,] /)[0]);
      expect(objects.filter((line) => line === 'Private Key Object')).to.have.lengthOf(1);
      expect(objects.filter((line) => line === 'Public Key Object')).to.have.lengthOf(1);
      // The customer's and the issuing CA's; the page has the root as well.
      expect(objects.filter((line) => line === 'Certificate Object')).to.have.lengthOf(2);
      expect(result?.chain).to.have.lengthOf(2);
      expect(own.journalFiles()).to.deep.equal([`${id}.json`]);
    });
  }

  it('joins the same order from the same origin, and refuses it once it is spent by another', async () => {
    await own.lay();
    const order = await own.bank.order();
    const first = await own.agent.enrollments.begin(order, ORIGIN, 'enroll');
    expect(await own.agent.enrollments.begin(order, ORIGIN, 'enroll')).to.equal(first);
    await own.agent.enrollments.settled(first, 'owner');
    expect(await own.agent.enrollments.begin(order, ORIGIN, 'enroll')).to.equal(first);
    const { jti } = JSON.parse(Buffer.from(order.split('.')[1] ?? '', 'base64url').toString()) as { jti: string };
    expect(await refusalOf(own.agent.enrollments.begin(await own.bank.order({ jti }), ORIGIN, 'enroll'))).to.equal(
      'ERR_POLICY_ORDER_USED',
    );
    expect(own.ca.requests).to.have.lengthOf(1);
  });

  it('asks one human at a time', async () => {
    await own.lay({ deadlines: { dialogMs: 1_500 } });
    own.pc.answer({ consent: 'ignore' });
    const first = await own.agent.enrollments.begin(await own.bank.order(), ORIGIN, 'enroll');
    expect(await refusalOf(own.agent.enrollments.begin(await own.bank.order(), ORIGIN, 'enroll'))).to.equal(
      'ERR_BRIDGE_BUSY',
    );
    expect((await own.agent.enrollments.settled(first, 'owner')).error?.code).to.equal('ERR_USER_TIMEOUT');
  });

  it("is shown to its own origin and to this machine's owner only", async () => {
    await own.lay();
    const { enrollment } = await own.enroll();
    const stranger = { origin: 'https://www.other.example' };
    expect(await refusalOf(own.agent.enrollments.progress(enrollment, stranger))).to.equal(
      'ERR_BRIDGE_ENROLLMENT_UNKNOWN',
    );
    expect(await refusalOf(own.agent.enrollments.cancel(enrollment, stranger))).to.equal(
      'ERR_BRIDGE_ENROLLMENT_UNKNOWN',
    );
    expect(await own.agent.enrollments.list(stranger)).to.deep.equal([]);
    expect((await own.agent.enrollments.progress(enrollment, { origin: ORIGIN })).state).to.equal('completed');
  });

  const PEOPLE: readonly [string, Answers, ErrorCode, string][] = [
    ['refuses', { consent: 'refuse' }, 'ERR_USER_REFUSED', 'failed'],
    ['cancels the PIN dialog', { pin: 'cancel' }, 'ERR_USER_PIN_CANCELLED', 'consented'],
  ];
  for (const [does, answers, code, state] of PEOPLE) {
    it(`stops where the human ${does}, and leaves the token as it was; the same order may be tried again`, async () => {
      await own.lay();
      own.pc.answer(answers);
      const order = await own.bank.order();
      const progress = await own.enroll(order);
      expect([progress.state, progress.error?.code]).to.deep.equal([state, code]);
      expect(objectsOn(own.pc, 'desk')).to.deep.equal([]);
      expect(own.ca.requests).to.deep.equal([]);
      own.pc.answer({});
      expect((await own.enroll(order)).state).to.equal('completed');
    });
  }

  it('stops at a wrong PIN, which is sent once, and leaves the token as it was', async () => {
    await own.lay();
    own.pc.writePin('00000000');
    const progress = await own.enroll();
    expect(progress.error?.code).to.be.oneOf(['ERR_TOKEN_PIN_INCORRECT', 'ERR_USER_PIN_CANCELLED']);
    expect(objectsOn(own.pc, 'desk')).to.deep.equal([]);
  });

  it('needs a token', async () => {
    await own.lay({ labels: [] });
    expect((await own.enroll()).error?.code).to.equal('ERR_TOKEN_MISSING');
    expect(own.journalFiles()).to.deep.equal([]);
  });

  it('asks which of two tokens, and uses that one', async () => {
    await own.lay({ labels: ['left', 'right'] });
    expect((await own.enroll()).error?.code).to.equal('ERR_USER_CANCELLED');
    own.pc.answer({ choose: 'right' });
    expect((await own.enroll()).state).to.equal('completed');
    expect(objectsOn(own.pc, 'left')).to.deep.equal([]);
    expect(objectsOn(own.pc, 'right')).not.to.deep.equal([]);
  });

  it('has the human type the code where the order says so', async () => {
    const asked = {
      enrollment: { protocol: 'est', label: 'customers', authorization: { scheme: 'asked', id: 'M0001' } },
    };
    await own.lay();
    expect((await own.enroll(await own.bank.order(asked))).error?.code).to.equal('ERR_USER_CANCELLED');
    own.pc.answer({ code: '1234-5678' });
    expect((await own.enroll(await own.bank.order(asked))).state).to.equal('completed');
  });

  it('can be cancelled while the PIN dialog is open, and not after it was sent', async () => {
    await own.lay();
    own.pc.answer({ pin: 'ignore' });
    const id = await own.agent.enrollments.begin(await own.bank.order(), ORIGIN, 'enroll');
    await new Promise<void>((reached) => {
      own.agent.enrollments.listen(id, 'owner', ({ state }) => state === 'consented' && reached());
    });
    await new Promise((later) => setTimeout(later, 300));
    expect((await own.agent.enrollments.cancel(id, 'owner')).state).to.equal('abandoned');
    expect(objectsOn(own.pc, 'desk')).to.deep.equal([]);
    own.pc.answer({});
    const { enrollment } = await own.enroll();
    expect(await refusalOf(own.agent.enrollments.cancel(enrollment, 'owner'))).to.equal(
      'ERR_BRIDGE_TOO_LATE_TO_CANCEL',
    );
  });

  it('gives up what an older order began for the same account, and takes its key away', async () => {
    await own.lay();
    own.ca.answer = status(503, 'later');
    const older = await own.enroll();
    expect([older.state, older.error?.code]).to.deep.equal(['csr-signed', 'ERR_CA_UNAVAILABLE']);
    own.pc.answer({ pin: 'cancel' });
    const waiting = await own.enroll();
    expect(waiting.state).to.equal('consented');
    own.pc.answer({});
    own.ca.answer = issue(own.bank.authority);
    expect((await own.enroll()).state).to.equal('completed');
    expect((await own.agent.enrollments.settled(waiting.enrollment, 'owner')).state).to.equal('abandoned');
    expect((await own.agent.enrollments.settled(older.enrollment, 'owner')).state).to.equal('abandoned');
    expect(objectsOn(own.pc, 'desk').filter((line) => line.startsWith('Private'))).to.have.lengthOf(1);
  });

  it('joins a new order to nothing that is just being given up', async () => {
    await own.lay();
    own.ca.answer = status(503, 'later');
    const older = (await own.enroll()).enrollment;
    own.ca.answer = issue(own.bank.authority);
    const lockOf = (id: string) => own.stateFile('locks', `enrollment-${id}.lock`);
    const newer = await own.agent.enrollments.begin(await own.bank.order(), ORIGIN, 'enroll');
    await new Promise<void>((reached) => {
      own.agent.enrollments.listen(newer, 'owner', ({ state }) => {
        if (state !== 'consented') return;
        // Somebody else is still at work on it, so that it takes a while to end.
        copyFileSync(lockOf(newer), lockOf(older));
        reached();
      });
    });
    const third = own.agent.enrollments.begin(await own.bank.order(), ORIGIN, 'enroll');
    await new Promise((later) => setTimeout(later, 300));
    rmSync(lockOf(older));
    const joined = await third;
    expect(joined).not.to.equal(older);
    expect((await own.agent.enrollments.settled(joined, 'owner')).state).to.equal('completed');
    expect((await own.agent.enrollments.settled(older, 'owner')).state).to.equal('abandoned');
  });

  it('takes away a key that was left behind when the human next logs in to that token', async () => {
    await own.lay();
    const begun = await own.agent.enrollments.begin(await own.bank.order(), ORIGIN, 'enroll');
    await new Promise<void>((reached) => {
      own.agent.enrollments.listen(begun, 'owner', ({ state }) => state === 'key-generated' && reached());
    });
    expect((await own.agent.enrollments.cancel(begun, 'owner')).state).to.equal('abandoned');
    const leftover = async () =>
      (await own.agent.ports.journal.list()).some(({ state }) => 'leftover' in state && state.leftover);
    expect(await leftover()).to.equal(true);
    expect((await own.enroll()).state).to.equal('completed');
    expect(objectsOn(own.pc, 'desk').filter((line) => line.startsWith('Private'))).to.have.lengthOf(1);
    expect(await leftover()).to.equal(false);
  });

  it('is refused by scripted humans for a profile that is not marked "test", before any PIN', async () => {
    await own.lay();
    const { test: _, enrollment, ...profile } = JSON.parse(JSON.stringify(own.bank.profile)) as typeof own.bank.profile;
    own.pc.addProfile({ ...profile, enrollment: { customers: { ...enrollment['customers'], url: own.ca.url } } });
    expect((await own.enroll()).error?.code).to.equal('ERR_POLICY_SCRIPTED_HUMAN_REFUSED');
  });
});
