/** A log-in, from the bank's challenge to the answer, beside a bare Node script that does the token's part of it. */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tokenOf, withCustomer } from '../customer.ts';
import type { Bench, Figure } from '../figure.ts';
import { enrollThrough, openPage } from '../page.ts';
import { minimal, run } from '../programs.ts';
import { ORIGIN } from '../reference-ca.ts';
import { interleaved } from '../stopwatch.ts';

/** Nobody logs in twice within a moment: what the last log-in ends and makes ready is done. */
const BETWEEN_MS = 500;
const BARE = resolve(import.meta.dirname, '../bare-login.js');

export function login(bench: Bench): Promise<readonly Figure[]> {
  return withCustomer(bench, ['desk'], async ({ ca, pc, agent }) => {
    const page = await openPage(agent.port, ORIGIN);
    await page.call('hello');
    await enrollThrough(page, await ca.order('ec-p256'));
    const token = tokenOf(pc);
    const environment = minimal({ ...token.environment, FLOOR_PIN: token.pin });
    const runs = {
      agent: async () => {
        await sleep(BETWEEN_MS);
        const order = await ca.loginOrder();
        const startedAt = performance.now();
        await page.call('authenticate', { order });
        return performance.now() - startedAt;
      },
      bare: () => run(process.execPath, [BARE, token.module, 'desk'], environment),
    };
    const { agent: ours, bare } = await interleaved(runs, bench.quick ? 3 : 15);
    await page.close();
    const what = 'log-in over the bridge, challenge to answer';
    return [{ what, unit: 'ms', ours, floor: { name: 'bare Node script', sample: bare }, goal: 1.3 }];
  });
}
