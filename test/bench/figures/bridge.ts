/** A question over the bridge beside a bare echo: when nothing happens, while a token works, and while a module hangs. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { measure } from 'mitata';
import { WebSocket } from 'ws';
import { compileFaultyModule, faultyModuleOver } from '../../doubles/faulty-module.ts';
import { type BenchCustomer, tokenOf, withCustomer } from '../customer.ts';
import type { Bench, Figure } from '../figure.ts';
import { enrollThrough, openPage, type Page } from '../page.ts';
import { clear } from '../programs.ts';
import { ORIGIN } from '../reference-ca.ts';
import { interleaved, quantile, type Sample, sampleOf } from '../stopwatch.ts';

const ECHO = resolve(import.meta.dirname, '../echo.js');
/** How long the bridge is asked while something else goes on: an RSA-4096 key takes SoftHSM about that. */
const BUSY_MS = 3_000;
const GROUPS = 5;
/** For a token host to start and log in, or for the spare one to come. */
const HOST_START_MS = 300;

/** Microseconds of every question: with what goes on, and at rest. */
type Waited = { readonly waits: number[]; readonly rest: number[] };

export function bridge(bench: Bench): Promise<readonly Figure[]> {
  return withCustomer(bench, ['desk'], async (pc) => {
    const page = await openPage(pc.agent.port, ORIGIN);
    // What is compared is to have loaded the same, and to have been through it.
    await enrollThrough(page, await pc.ca.order('ec-p256'));
    const { agent, echo } = await besideEcho(page, bench);
    const keys = await whileKeysAreMade(bench, pc, page);
    const hanging = await whileModuleHangs(bench, pc);
    await page.close();
    return [
      {
        what: 'bridge: hello and its answer, p50',
        unit: 'µs',
        ours: agent,
        floor: { name: 'ws echo', sample: echo },
        goal: 2,
      },
      slowest('bridge: p99 while a token makes an RSA-4096 key', keys),
      slowest('bridge: p99 while a module hangs', hanging),
    ];
  });
}

/** Microseconds a question, with both asked in turn. */
async function besideEcho(page: Page, { quick }: Bench): Promise<Record<'agent' | 'echo', Sample>> {
  const echo = await openEcho();
  const runs = { agent: () => innerLoop(() => page.call('hello')), echo: () => innerLoop(() => echo.ask()) };
  const samples = await interleaved(runs, quick ? 2 : 8);
  echo.close();
  return samples;
}

/** mitata decides how often; p50 in microseconds. */
async function innerLoop(ask: () => Promise<unknown>): Promise<number> {
  const { p50 } = await measure(ask, { min_cpu_time: 1.5e8 });
  return p50 / 1e3;
}

async function openEcho(): Promise<{ ask(): Promise<void>; close(): void }> {
  const server = fork(ECHO, { env: { PATH: process.env['PATH'] ?? '' }, execArgv: [] });
  const [port] = (await once(server, 'message')) as [number];
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  await once(socket, 'open');
  const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'hello', params: {} });
  let answered: () => void = () => {};
  socket.on('message', (data: Buffer) => {
    JSON.parse(data.toString('utf8'));
    answered();
  });
  return {
    ask: () =>
      new Promise((resolve) => {
        answered = resolve;
        socket.send(text);
      }),
    close() {
      socket.terminate();
      server.disconnect();
    },
  };
}

/** Asks for a while, or until `over`; with pauses, so that the asking itself is not the load. */
async function waits(page: Page, over: Promise<void> = sleep(BUSY_MS)): Promise<number[]> {
  const until = new AbortController();
  void over.then(() => until.abort());
  const times: number[] = [];
  while (!until.signal.aborted) {
    const startedAt = performance.now();
    await page.call('hello');
    // The agent has work of its own once `over` has come.
    if (!until.signal.aborted) times.push((performance.now() - startedAt) * 1e3);
    await sleep(2);
  }
  return times;
}

/**
 * A key may be made in a third of a second, so there are many. Before each, as long at rest as the last one took: a busy
 * moment of the machine falls on both.
 */
async function whileKeysAreMade(bench: Bench, { ca, pc }: BenchCustomer, page: Page): Promise<Waited> {
  const waited: Waited = { waits: [], rest: [] };
  const enough = performance.now() + (bench.quick ? 2 : 10) * BUSY_MS;
  for (let took = 1_000; performance.now() < enough; ) {
    await clear(bench.floor, tokenOf(pc), 'desk');
    await sleep(HOST_START_MS);
    waited.rest.push(...(await waits(page, sleep(took))));
    const keyMade = page.reached('key-generated');
    await beginEnrollment(page, await ca.order('rsa-4096'));
    const settled = page.settled();
    const startedAt = performance.now();
    waited.waits.push(...(await waits(page, keyMade)));
    took = performance.now() - startedAt;
    await settled;
  }
  return waited;
}

/** p99 of groups of one size on both sides. */
function slowest(what: string, waited: Waited): Figure {
  const size = Math.ceil(Math.min(waited.waits.length, waited.rest.length) / GROUPS);
  const p99 = (times: readonly number[]): Sample => {
    const starts = Array.from({ length: Math.floor(times.length / size) }, (_, at) => at * size);
    return sampleOf(starts.map((start) => quantile(times.slice(start, start + size), 0.99)));
  };
  return {
    what,
    unit: 'µs',
    ours: p99(waited.waits),
    floor: { name: 'p99 at rest', sample: p99(waited.rest) },
    goal: 2,
  };
}

/** Until the token is at work: what the agent does before is its own work, not the token's. */
async function beginEnrollment(page: Page, order: string): Promise<void> {
  const consented = page.reached('consented');
  const { enrollment } = (await page.call('enroll', { order })) as { enrollment: string };
  await page.call('watch', { enrollment });
  await consented;
  await sleep(HOST_START_MS);
}

/**
 * `agent.json` is read at the start only, so this takes an agent of its own. It is compared with itself at rest, and warmed
 * up in either state: what an enrollment loads is compiled at its first use, which is not the hanging.
 */
async function whileModuleHangs(bench: Bench, { pc }: BenchCustomer): Promise<Waited> {
  return await withCustomer(
    bench,
    ['desk'],
    async ({ ca, agent }) => {
      const page = await openPage(agent.port, ORIGIN);
      await innerLoop(() => page.call('hello'));
      const rest = await waits(page);
      await beginEnrollment(page, await ca.order('ec-p256'));
      await innerLoop(() => page.call('hello'));
      const hanging = { waits: await waits(page), rest };
      await page.close();
      return hanging;
    },
    (other) => {
      const faulty = faultyModuleOver(tokenOf(other), compileFaultyModule(bench.folder), bench.folder);
      const module = faulty.planned('C_GenerateKeyPair:1:hang');
      const forbidden = [pc.module];
      writeFileSync(
        join(other.environment['INKAN_CONFIG_DIR'] ?? '', 'agent.json'),
        JSON.stringify({ version: 1, modules: [module], forbidden }),
        { mode: 0o600 },
      );
    },
  );
}
