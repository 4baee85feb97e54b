/**
 * The bridge under load: idle sockets by the thousand, pages that stay, refused connects, reconnects. The allowed page is
 * served within a second throughout; afterwards memory and descriptors are where they were. INKAN_FULL=1: the full numbers.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { WebSocket } from 'ws';
import { childrenOf, until } from '../contract/processes.ts';
import { type Crowd, gather } from '../stage/crowd.ts';
import { type CustomerPc, setUpPc } from '../stage/customer-pc.ts';
import { ownFolder } from '../stage/folder.ts';
import { call, openPage } from '../stage/knock.ts';
import { type ServedAgent, serveAgent } from '../stage/served-agent.ts';
import { openTestBank, type TestBank } from '../stage/test-bank.ts';

const FULL = process.env['INKAN_FULL'] === '1';
const IDLE = FULL ? 10_000 : 2_000;
const PAGES = 200;
const FLOOD_S = FULL ? 30 : 3;
const RECONNECTS = FULL ? 10_000 : 1_000;
const ORIGINS = ['www', 'login', 'corporate', 'keiyaku'].map((name) => `https://${name}.bank.example`);
const SERVED_WITHIN_MS = 1_000;
/** Of resident memory: what a garbage-collected heap keeps after work. */
const SETTLED_MB = 64;

describe('the bridge under load', function () {
  this.timeout(FULL ? 15 * 60_000 : 60_000);
  const folder = ownFolder();
  let bank: TestBank;
  let pc: CustomerPc;
  let served: ServedAgent;
  const crowds: ChildProcess[] = [];

  beforeEach(async () => {
    bank = await openTestBank({ test: true, origins: ORIGINS });
    pc = setUpPc(folder(), []);
    pc.addProfile(JSON.parse(JSON.stringify(bank.profile)) as Record<string, unknown>);
    served = await serveAgent(pc, { port: 17_172 });
  });
  afterEach(async () => {
    for (const crowd of crowds.splice(0)) crowd.kill('SIGKILL');
    await served?.stop();
  });

  const pid = () => served.process.pid ?? 0;
  const descriptors = (): number => readdirSync(`/proc/${pid()}/fd`).length;
  const residentMb = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid()}/status`, 'utf8'))?.[1]) / 1024;

  /** How long a page waits for its connection and an answer. */
  async function hello(): Promise<number> {
    const began = performance.now();
    const page = await openPage(served.port, ORIGINS[0] ?? '');
    expect((await call(page, 'hello')).result['protocol']).to.equal('inkan.v1');
    page.terminate();
    return performance.now() - began;
  }

  async function crowd(what: Crowd, count: number, until: number): Promise<ChildProcess> {
    const child = await gather(served.port, what, count, until);
    crowds.push(child);
    return child;
  }

  async function settles(before: { fds: number; mb: number }): Promise<string> {
    for (let round = 0; round < 100 && descriptors() > before.fds; round += 1) await sleep(50);
    expect(descriptors()).to.be.at.most(before.fds);
    expect(residentMb()).to.be.lessThan(before.mb + SETTLED_MB);
    return `descriptors ${before.fds} → ${descriptors()}, resident ${Math.round(before.mb)} → ${Math.round(residentMb())} MB`;
  }
  /** What it holds once a page has come, and with it the spare token host. */
  async function atRest(): Promise<{ fds: number; mb: number }> {
    await hello();
    await until('the spare is there', () => childrenOf(pid()).length === 1, 10_000);
    return { fds: descriptors(), mb: residentMb() };
  }
  const worst = (waits: number[]): number => {
    expect(Math.max(...waits)).to.be.lessThan(SERVED_WITHIN_MS);
    return Math.round(Math.max(...waits));
  };

  it(`${IDLE} idle sockets, opened and dropped`, async () => {
    const before = await atRest();
    const waits: number[] = [];
    const idle = await crowd('idle', IDLE, IDLE);
    for (let count = 0; count < 5; count += 1) waits.push(await hello());
    expect(descriptors()).to.be.lessThan(before.fds + 300);
    idle.kill('SIGKILL');
    await once(idle, 'exit');
    waits.push(await hello());
    console.log(`      worst ${worst(waits)} ms; ${await settles(before)}`);
  });

  it(`${PAGES} pages that stay, of ${ORIGINS.length} origins`, async () => {
    const before = await atRest();
    const pages: WebSocket[] = [];
    for (let count = 0; count < PAGES; count += 1)
      pages.push(await openPage(served.port, ORIGINS[count % ORIGINS.length] ?? ''));
    const waits = await Promise.all(
      pages.map(async (page) => {
        const began = performance.now();
        expect((await call(page, 'hello')).result['protocol']).to.equal('inkan.v1');
        return performance.now() - began;
      }),
    );
    waits.push(await hello());
    for (const page of pages) page.terminate();
    console.log(`      worst ${worst(waits)} ms; ${await settles(before)}`);
  });

  it(`1,000 refused connects a second, for ${FLOOD_S} s`, async () => {
    const before = await atRest();
    const waits: number[] = [];
    const flood = await crowd('refused', 1_000, 50);
    for (const end = Date.now() + FLOOD_S * 1_000; Date.now() < end; await sleep(100)) waits.push(await hello());
    flood.kill('SIGKILL');
    await once(flood, 'exit');
    console.log(`      ${waits.length} times, worst ${worst(waits)} ms; ${await settles(before)}`);
  });

  it(`${RECONNECTS} reconnects, a day's worth`, async () => {
    for (let count = 0; count < 100; count += 1) await hello();
    const before = await atRest();
    const waits: number[] = [];
    const lane = async (): Promise<void> => {
      while (waits.length < RECONNECTS) waits.push(await hello());
    };
    await Promise.all(Array.from({ length: 4 }, lane));
    console.log(`      worst ${worst(waits)} ms; ${await settles(before)}`);
  });
});
