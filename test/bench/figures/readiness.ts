/** From the start of the agent to its answer to `hello`, and what it holds when nothing happens. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CustomerPc, setUpPc } from '../../stage/customer-pc.ts';
import { SHIPPED_AGENT } from '../builds.ts';
import { freePort } from '../customer.ts';
import { type Bench, exactly, type Figure } from '../figure.ts';
import { openPage } from '../page.ts';
import { minimal, run } from '../programs.ts';
import { ORIGIN, openReferenceCa } from '../reference-ca.ts';
import { interleaved } from '../stopwatch.ts';

/** Long enough for what a start leaves for later, and for its garbage to be collected. */
const REST_MS = 5_000;

export async function readiness(bench: Bench): Promise<readonly Figure[]> {
  const folder = join(bench.folder, 'readiness');
  mkdirSync(folder, { mode: 0o700 });
  const ca = await openReferenceCa(folder);
  await ca.close();
  const pc = setUpPc(folder);
  pc.addProfile(ca.profile);
  const runs = {
    agent: async () => {
      const { ms, stop } = await start(pc);
      await stop();
      return ms;
    },
    node: () => run(process.execPath, ['-e', '0'], minimal()),
  };
  const { agent, node } = await interleaved(runs, bench.quick ? 5 : 25);
  return [
    {
      what: 'agent ready: from its start to the answer to hello',
      unit: 'ms',
      ours: agent,
      floor: { name: 'node -e 0', sample: node },
      goal: 3,
    },
    await memoryAtRest(pc),
  ];
}

async function start(pc: CustomerPc): Promise<{ ms: number; pid: number; stop: () => Promise<void> }> {
  const port = await freePort();
  const startedAt = performance.now();
  const child = spawn(process.execPath, [SHIPPED_AGENT, 'serve', '--allow-root', '--json', '--port', String(port)], {
    env: { ...minimal(), ...pc.environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), exited.then(() => Promise.reject(new Error('inkan serve ended')))]);
  const page = await openPage(port, ORIGIN);
  await page.call('hello');
  const ms = performance.now() - startedAt;
  await page.close();
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited;
  };
  return { ms, pid: child.pid ?? 0, stop };
}

async function memoryAtRest(pc: CustomerPc): Promise<Figure> {
  const { pid, stop } = await start(pc);
  const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { env: minimal(), stdio: 'ignore' });
  await sleep(REST_MS);
  const [ours, floor] = [residentMb(pid), residentMb(bare.pid ?? 0)];
  bare.kill();
  await stop();
  const sample = exactly(floor);
  return { what: 'memory at rest', unit: 'MB', ours: exactly(ours), floor: { name: 'bare Node', sample }, goal: 1.5 };
}

/** What the process has to itself and what it shares, in 10⁶ bytes. */
export function residentMb(pid: number): number {
  const [, kib = '0'] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (Number(kib) * 1024) / 1e6;
}
