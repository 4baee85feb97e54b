/**
 * `npm run bench`: what we cost beside what the same work costs at the least, measured in one run on this machine. Writes
 * dist/bench/results.json and results.svg.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { argumentsOf, BENCH_TOPICS } from '../setup/commands.mjs';
import { chart } from './chart.ts';
import { type Figure, header, isMissed, line, ratioOf, type Topic } from './figure.ts';
import { bridge } from './figures/bridge.ts';
import { endurance } from './figures/endurance.ts';
import { enrollment } from './figures/enrollment.ts';
import { listing } from './figures/listing.ts';
import { load } from './figures/load.ts';
import { login } from './figures/login.ts';
import { readiness } from './figures/readiness.ts';
import { sideBySide } from './figures/side-by-side.ts';
import { sizes } from './figures/sizes.ts';
import { buildFloor } from './programs.ts';

/** In this order; generated things lie with what is built. */
const TOPICS: Readonly<Record<(typeof BENCH_TOPICS)[number], Topic>> = {
  enrollment,
  readiness,
  bridge,
  login,
  listing,
  'side-by-side': sideBySide,
  load,
  endurance,
  sizes,
};
const RESULTS = resolve(import.meta.dirname, '../../bench');

const { words: wanted, given } = argumentsOf('bench');
const quick = given['quick'] !== undefined;

const folder = mkdtempSync(join(tmpdir(), 'inkan-bench-'));
const startedAt = performance.now();
try {
  const floor = buildFloor(folder);
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}, ${process.platform}`;
  console.log(`\n${machine}${quick ? ', quick: rounds too few for more than a look' : ''}\n\n${header()}`);
  const figures: Figure[] = [];
  for (const name of BENCH_TOPICS) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    for (const figure of await TOPICS[name]({ folder, floor, quick })) {
      figures.push(figure);
      console.log(line(figure));
    }
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const missed = figures.filter(isMissed).length;
  const judged = figures.filter(({ goal }) => goal !== undefined).length;
  console.log(`\n${judged - missed} of ${judged} goals met in ${seconds.toFixed(0)} s`);
  mkdirSync(RESULTS, { recursive: true });
  const rows = figures.map((figure) => ({ ...figure, ratio: ratioOf(figure) ?? null, missed: isMissed(figure) }));
  writeFileSync(join(RESULTS, 'results.json'), JSON.stringify({ machine, quick, at: new Date(), rows }, null, 2));
  writeFileSync(join(RESULTS, 'results.svg'), chart(figures, machine));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
