/**
 * `npm run bench`: what we cost beside what the same work costs at the least, measured in one run on this machine.
 * `-- --quick` takes a few rounds only, `-- --long` the 10,000 reconnects and 500 enrollments; a word takes the topic of
 * that name. Writes dist/bench/results.json and results.svg.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
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
const TOPICS: readonly Topic[] = [
  { name: 'enrollment', measure: enrollment },
  { name: 'readiness', measure: readiness },
  { name: 'bridge', measure: bridge },
  { name: 'login', measure: login },
  { name: 'listing', measure: listing },
  { name: 'side-by-side', measure: sideBySide },
  { name: 'load', measure: load },
  { name: 'endurance', measure: endurance },
  { name: 'sizes', measure: sizes },
];
const RESULTS = resolve(import.meta.dirname, '../../bench');

const words = process.argv.slice(2);
const quick = words.includes('--quick');
const wanted = words.filter((word) => !word.startsWith('--'));
const stranger = wanted.find((word) => !TOPICS.some(({ name }) => name === word));
if (stranger !== undefined)
  throw new Error(`No topic ${stranger}; there are ${TOPICS.map(({ name }) => name).join(', ')}`);

const folder = mkdtempSync(join(tmpdir(), 'inkan-bench-'));
const startedAt = performance.now();
try {
  const floor = buildFloor(folder);
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}, ${process.platform}`;
  console.log(`\n${machine}${quick ? ', quick: rounds too few for more than a look' : ''}\n\n${header()}`);
  const figures: Figure[] = [];
  for (const { name, measure } of TOPICS) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    for (const figure of await measure({ folder, floor, quick })) {
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
