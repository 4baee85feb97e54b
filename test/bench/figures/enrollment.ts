/** An enrollment end to end (P-256, SoftHSM, the reference CA): through a running agent, in C, and by hand. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type SoftHsm, stageSoftHsm } from '../../stage/softhsm.ts';
import { tokenOf, withCustomer } from '../customer.ts';
import type { Bench, Figure } from '../figure.ts';
import { enrollThrough, openPage } from '../page.ts';
import { clear, enrollByHand, enrollInC, layRequest } from '../programs.ts';
import { ORIGIN } from '../reference-ca.ts';
import { interleaved } from '../stopwatch.ts';

export function enrollment(bench: Bench): Promise<readonly Figure[]> {
  return withCustomer(bench, ['desk'], async ({ ca, pc, agent }) => {
    const [floor, hand] = [tokenIn(join(bench.folder, 'floor-token')), tokenIn(join(bench.folder, 'hand-token'))];
    const page = await openPage(agent.port, ORIGIN);
    await page.call('hello');
    const work = join(bench.folder, 'request');
    const runs = {
      agent: async () => {
        await clear(bench.floor, tokenOf(pc), 'desk');
        const order = await ca.order('ec-p256');
        return timed(() => enrollThrough(page, order));
      },
      c: async () => {
        await clear(bench.floor, floor, 'desk');
        layRequest(work, ca);
        return timed(() => enrollInC(bench.floor, floor, 'desk', work));
      },
      hand: async () => {
        await clear(bench.floor, hand, 'desk');
        layRequest(work, ca);
        return timed(() => enrollByHand(hand, 'desk', work));
      },
    };
    const { agent: ours, c, hand: byHand } = await interleaved(runs, bench.quick ? 3 : 15);
    await page.close();
    const what = 'enrollment, end to end';
    return [
      { what, unit: 'ms', ours, floor: { name: 'C + curl', sample: c }, goal: 2 },
      { what, unit: 'ms', ours, floor: { name: 'by hand', sample: byHand }, goal: 0.8 },
    ];
  });
}

function tokenIn(folder: string): SoftHsm {
  mkdirSync(folder, { recursive: true });
  return stageSoftHsm(folder, ['desk']);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
