/** Tokens side by side: as many customers' desks, each with its agent, enrolling at the same time at one CA. */
import { cpus } from 'node:os';
import { withCustomer } from '../customer.ts';
import type { Bench, Figure } from '../figure.ts';
import { enrollThrough, openPage } from '../page.ts';
import { ORIGIN } from '../reference-ca.ts';
import { sampleOf } from '../stopwatch.ts';

export async function sideBySide(bench: Bench): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const count of [1, 2, 4]) {
    const rates: number[] = [];
    await atDesks(bench, count, async (enroll) => {
      for (let round = 0; round <= (bench.quick ? 2 : 5); round += 1) {
        const startedAt = performance.now();
        await Promise.all(enroll.map((one) => one()));
        if (round > 0) rates.push((count * 1_000) / (performance.now() - startedAt));
      }
    });
    const note =
      count === 4
        ? `bound by the ${cpus().length} cores: each enrollment is a Node process of its own, and a spare for the next`
        : undefined;
    const what = `${count} token${count > 1 ? 's' : ''} enrolled at once`;
    figures.push({ what, unit: '/s', ours: sampleOf(rates), ...(note === undefined ? {} : { note }) });
  }
  return figures;
}

type Enroll = () => Promise<void>;

function atDesks(bench: Bench, count: number, work: (enroll: readonly Enroll[]) => Promise<void>): Promise<void> {
  const open = (enroll: readonly Enroll[]): Promise<void> => {
    if (enroll.length === count) return work(enroll);
    return withCustomer(bench, ['desk'], async ({ ca, agent }) => {
      const page = await openPage(agent.port, ORIGIN);
      await open([...enroll, async () => enrollThrough(page, await ca.order('ec-p256'))]);
      await page.close();
    });
  };
  return open([]);
}
