/** How long the bank's page waits for its connection and an answer while a crowd stands before the bridge. */
import { once } from 'node:events';
import { gather } from '../../stage/crowd.ts';
import { withCustomer } from '../customer.ts';
import { type Bench, exactly, type Figure } from '../figure.ts';
import { openPage, type Page } from '../page.ts';
import { ORIGIN } from '../reference-ca.ts';
import { residentMb } from './readiness.ts';

/** One origin may have 64 pages: `web-bridge/server/limits.ts`. */
const PAGES = 60;
const REFUSED_PER_SECOND = 1_000;

export function load(bench: Bench): Promise<readonly Figure[]> {
  const idle = process.argv.includes('--long') ? 10_000 : 2_000;
  const probes = bench.quick ? 10 : 40;
  return withCustomer(bench, [], async ({ agent: { port, process: agent } }) => {
    const { pid = 0 } = agent;
    const slowest = () => slowestHello(port, probes);
    await slowest();
    const [atRest, memory] = [await slowest(), residentMb(pid)];
    const floor = { name: 'at rest', sample: exactly(atRest) };
    const figure = (what: string, ms: number): Figure => ({
      what: `slowest hello beside ${what}`,
      unit: 'ms',
      ours: exactly(ms),
      floor,
      note: ms <= 1_000 ? 'within the second that is promised' : 'beyond the second that is promised',
    });
    const crowded = async (what: 'idle' | 'refused', count: number, until: number): Promise<number> => {
      const crowd = await gather(port, what, count, until);
      const ms = await slowest();
      crowd.kill('SIGKILL');
      await once(crowd, 'exit');
      return ms;
    };
    return [
      figure(`${idle} idle sockets`, await crowded('idle', idle, idle)),
      figure(`${REFUSED_PER_SECOND} refused connects a second`, await crowded('refused', REFUSED_PER_SECOND, 50)),
      figure(`${PAGES} pages that stay`, await besidePages(port, slowest)),
      {
        what: 'memory after the crowds',
        unit: 'MB',
        ours: exactly(residentMb(pid)),
        floor: { name: 'before', sample: exactly(memory) },
      },
    ];
  });
}

async function slowestHello(port: number, probes: number): Promise<number> {
  let slowest = 0;
  for (let probe = 0; probe < probes; probe += 1) {
    const began = performance.now();
    const page = await openPage(port, ORIGIN);
    await page.call('hello');
    slowest = Math.max(slowest, performance.now() - began);
    await page.close();
  }
  return slowest;
}

async function besidePages(port: number, slowest: () => Promise<number>): Promise<number> {
  const pages: Page[] = [];
  for (let count = 0; count < PAGES; count += 1) pages.push(await openPage(port, ORIGIN));
  const ms = await slowest();
  await Promise.all(pages.map((page) => page.close()));
  return ms;
}
