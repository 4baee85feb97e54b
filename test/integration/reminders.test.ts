/** `inkan serve` reminds of what was enrolled on this PC and is to be renewed: by notify-send, once, whoever restarts. */
import { X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Agent } from '../../agent/main.ts';
import { referenceTo } from '../../web-bridge/bank/login.ts';
import { issue } from '../doubles/faulty-ca.ts';
import { type EnrollmentSetup, setUpEnrollment } from '../stage/enrollment-setup.ts';
import { ownFolder } from '../stage/folder.ts';
import { type NotifySend, stageNotifySend } from '../stage/notify-send.ts';
import { serveAgent } from '../stage/served-agent.ts';
import { ORIGIN, removalOrder } from '../stage/test-bank.ts';

const DAY_MS = 24 * 3_600_000;
/** The agent takes what has expired no longer ago than clocks differ. */
const JUST_EXPIRED = -1 / (24 * 60);

describe('integration: reminders of a renewal', () => {
  const folder = ownFolder();
  let stage: EnrollmentSetup;
  let desktop: NotifySend;
  let agent: Agent;

  beforeEach(async () => {
    stage = await setUpEnrollment(folder());
    desktop = stageNotifySend(folder());
    stage.pc.environment['PATH'] = `${desktop.path}:${process.env['PATH']}`;
    agent = await stage.pc.compose();
  });
  afterEach(async () => {
    await agent.close();
    await stage.ca.close();
  });

  async function acquire(id: string, expiresInDays: number): Promise<X509Certificate> {
    const notAfter = new Date(Date.now() + expiresInDays * DAY_MS);
    stage.ca.answer = issue(stage.bank.authority, { notAfter });
    const changes = { account: { id, display: `${id}の名義` }, subject: [['CN', id]], keys: ['ec-p256'] };
    const enrollment = await agent.enrollments.begin(await stage.bank.order(changes), ORIGIN, 'enroll');
    const { state, error } = await agent.enrollments.settled(enrollment, 'owner');
    expect([state, error?.code]).to.deep.equal(['completed', undefined]);
    const result = await agent.enrollments.result(enrollment, 'owner');
    return new X509Certificate(Buffer.from(result?.certificate ?? '', 'base64'));
  }
  const account = (notice: string): string => /M\d{4}/.exec(notice)?.[0] ?? '';
  /** Until so many were shown in all. */
  async function served(count: number): Promise<string[]> {
    const serving = await serveAgent(stage.pc);
    for (let tries = 0; tries < 1_000 && desktop.shown().length < count; tries += 1) await sleep(20);
    await serving.stop();
    return desktop.shown().map(({ title, body }) => `${title} ${body}`);
  }

  it('come for what can be renewed or re-acquired, not for what was removed or is young, and not twice', async () => {
    await acquire('M0001', 200);
    const removed = await acquire('M0002', JUST_EXPIRED);
    const order = await removalOrder(stage.bank, referenceTo(removed));
    await agent.operations.remove(order, ORIGIN, new AbortController().signal);
    await acquire('M0003', 10);
    await acquire('M0004', JUST_EXPIRED);
    // Each is a program of its own: which is the first to write it down is not said.
    const told = (await served(2)).sort((one, other) => account(one).localeCompare(account(other)));
    expect(told).to.have.lengthOf(2);
    expect(told[0]).to.match(/更新してください.*M0003の名義様.*見本信用金庫/);
    expect(told[1]).to.match(/有効期限が切れて.*M0004の名義様.*再取得できます/);
    await acquire('M0005', 10);
    const after = await served(3);
    expect(after.slice(2).join('\n')).to.match(/^[^\n]*M0005の名義様[^\n]*$/);
  });
});
