/** Whole runs against each other: interleaved, so that a busy moment of the machine falls on all of them alike. */

/** One run. A number that it answers is its own time, where it knows better than a clock of milliseconds around it. */
export type Run = () => Promise<unknown>;
export type Sample = { readonly median: number; readonly low: number; readonly high: number; readonly runs: number };

/** Rounds of all runs in turn; the first round warms up and is not counted. */
export async function interleaved<Name extends string>(
  runs: Readonly<Record<Name, Run>>,
  rounds: number,
): Promise<Record<Name, Sample>> {
  const names = Object.keys(runs) as Name[];
  const times = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    // Each round begins with another one: who comes first finds the caches as the last one left them.
    const turn = names.map((_, at) => names[(at + round) % names.length] as Name);
    for (const name of turn) {
      const ms = await timed(runs[name]);
      if (round > 0) times.get(name)?.push(ms);
    }
  }
  return Object.fromEntries(names.map((name) => [name, sampleOf(times.get(name) ?? [])])) as Record<Name, Sample>;
}

async function timed(run: Run): Promise<number> {
  const startedAt = performance.now();
  const own = await run();
  return typeof own === 'number' ? own : performance.now() - startedAt;
}

/** The median with the quartiles as its spread. */
export function sampleOf(values: readonly number[]): Sample {
  return {
    median: quantile(values, 0.5),
    low: quantile(values, 0.25),
    high: quantile(values, 0.75),
    runs: values.length,
  };
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
