/** Pending for days: the agent asks politely, whoever restarts, and calls the person when the certificate is there. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Agent, startBackgroundWork } from '../../agent/main.ts';
import { type FaultyCa, issue, startFaultyCa, status } from '../doubles/faulty-ca.ts';
import { type CustomerPc, setUpPc } from '../stage/customer-pc.ts';
import { ownFolder } from '../stage/folder.ts';
import { type NotifySend, stageNotifySend } from '../stage/notify-send.ts';
import { inkan } from '../stage/served-agent.ts';
import { ORIGIN, openTestBank, type TestBank } from '../stage/test-bank.ts';

const HOUR_MS = 3_600_000;

describe('integration: pending for hours', () => {
  const folder = ownFolder();
  let bank: TestBank;
  let ca: FaultyCa;
  let pc: CustomerPc;
  let desktop: NotifySend;
  let agent: Agent;
  let stop = async (): Promise<void> => {};

  beforeEach(async () => {
    bank = await openTestBank({ test: true });
    ca = await startFaultyCa(bank.authority);
    pc = setUpPc(folder());
    desktop = stageNotifySend(folder());
    pc.environment['PATH'] = `${desktop.path}:${process.env['PATH']}`;
    const { enrollment, ...profile } = JSON.parse(JSON.stringify(bank.profile)) as typeof bank.profile;
    const customers = { ...enrollment['customers'], url: ca.url };
    pc.addProfile({ ...profile, enrollment: { customers }, deadlines: { dialogMs: 700 } });
    ca.answer = status(202, '', { 'Retry-After': '7200' });
    agent = await pc.compose();
  });
  afterEach(async () => {
    await stop();
    await agent.close();
    await ca.close();
  });

  async function becomesPending(): Promise<string> {
    const id = await agent.enrollments.begin(await bank.order({ keys: ['ec-p256'] }), ORIGIN, 'enroll');
    await new Promise<void>((reached) => {
      agent.enrollments.listen(id, 'owner', ({ state }) => state === 'pending' && reached());
    });
    await agent.close();
    return id;
  }
  /** The hours go by while the machine is off. */
  async function later(id: string): Promise<void> {
    const entry = await agent.ports.journal.read(id);
    if (entry?.state.name !== 'pending') throw new Error('not pending');
    await agent.ports.journal.write({ ...entry, state: { ...entry.state, nextAt: Date.now() - HOUR_MS } });
  }
  async function startsAgain(): Promise<void> {
    await stop();
    await agent.close();
    agent = await pc.compose();
    stop = startBackgroundWork(agent);
  }
  async function notifications(count: number): Promise<number> {
    for (let tries = 0; tries < 1_000 && desktop.shown().length < count; tries += 1) await sleep(20);
    return desktop.shown().length;
  }

  it('is shown with its next time and its deadline', async () => {
    const id = await becomesPending();
    const { json } = await inkan(pc, ['enrollments', '--json']);
    const [row] = json as { enrollment: string; state: string; nextAt: string; deadlineAt: string }[];
    expect([row?.enrollment, row?.state]).to.deep.equal([id, 'pending']);
    expect(Date.parse(row?.nextAt ?? '') - Date.now()).to.be.within(1.9 * HOUR_MS, 2.3 * HOUR_MS);
    expect(Date.parse(row?.deadlineAt ?? '') - Date.now()).to.be.above(24 * HOUR_MS);
    const { stdout } = await inkan(pc, ['enrollments']);
    expect(stdout.match(/\d{4}[-/年].*\d{1,2}:\d{2}/g), 'begun, changed, next, deadline').to.have.length.at.least(4);
  });

  it('calls a person who is away, waits for them, calls again at the next start, and goes on when they come', async () => {
    const id = await becomesPending();
    await later(id);
    ca.answer = issue(bank.authority);
    pc.answer({ pin: 'ignore' });
    await startsAgain();
    const waiting = await agent.enrollments.settled(id, 'owner');
    expect([waiting.state, waiting.error?.code]).to.deep.equal(['issued', 'ERR_USER_TIMEOUT']);
    expect(await notifications(1)).to.equal(1);
    await startsAgain();
    expect(await notifications(2)).to.equal(2);
    expect((await agent.enrollments.progress(id, 'owner')).state).to.equal('issued');
    pc.answer({});
    agent.enrollments.resume(id, { origin: ORIGIN });
    expect((await agent.enrollments.settled(id, 'owner')).state).to.equal('completed');
    expect(new Set(ca.requests).size).to.equal(1);
  });
});
