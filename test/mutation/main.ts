/**
 * Mutation testing: each wrong change to a room's code must make one of its tests fail. `npm run test:mutation` runs all
 * rooms, `-- policy` one, `-- --sample 50 --seed 1` a sample of each. What survives stands in `survivors.json` with its
 * reason; a room that falls under the goal, or a survivor that is not listed, is for a person to look at.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Lane, type Measured, openLane } from './lane.ts';
import { applied, type Change, changesOf } from './mutants.ts';

type Room = { readonly sources: readonly string[]; readonly tests: readonly string[] };

/** Room → its compiled files and the quick tests that must kill; a folder stands for what lies in it. */
const ROOMS: Readonly<Record<string, Room>> = {
  policy: { sources: ['agent/policy'], tests: ['unit/policy'] },
  x509: { sources: ['web-bridge/x509'], tests: ['unit/x509'] },
  asn1: {
    sources: ['web-bridge/asn1'],
    tests: ['unit/asn1', 'unit/x509/certificate.test.js', 'unit/x509/names.test.js', 'unit/x509/ecdsa.test.js'],
  },
  enrollment: {
    sources: [
      ...['transition', 'run', 'active', 'lost-answer', 'submission'].map((name) => `agent/enrollment/${name}.js`),
      'agent/records/states.js',
    ],
    tests: ['transition', 'active', 'enrollments', 'lost-answer', 'submission', 'properties'].map(
      (name) => `unit/enrollment/${name}.test.js`,
    ),
  },
  gate: {
    sources: ['web-bridge/server/gate.js', 'web-bridge/server/strict-json.js'],
    tests: ['unit/server/gate.test.js', 'unit/server/strict-json.test.js'],
  },
  'native-config': {
    sources: [
      ...['load', 'module-path', 'p11-kit', 'modules'].map((name) => `native-config/${name}.js`),
      'agent/platform/linux-ownership.js',
    ],
    tests: ['unit/native-config'],
  },
};

const GOAL_PERCENT = 85;
const LANES = 2;
const SURVIVORS = 'test/mutation/survivors.json';

/** `code` is the changed line (or lines) as compiled, `became` the same with the change: they name a survivor. */
type Mutant = {
  readonly file: string;
  readonly line: number;
  readonly code: string;
  readonly became: string;
  readonly change: Change;
};
type Known = Pick<Mutant, 'file' | 'code' | 'became'> & { readonly reason: string };
type Test = Measured & { readonly file: string };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { sample: { type: 'string' }, seed: { type: 'string', default: '1' } },
});
const known = JSON.parse(readFileSync(SURVIVORS, 'utf8')) as readonly Known[];
const lanes = Array.from({ length: LANES }, openLane);
try {
  const rooms = positionals.length > 0 ? positionals : Object.keys(ROOMS);
  for (const name of rooms) if (!(await judge(name))) process.exitCode = 1;
} finally {
  for (const lane of lanes) lane.close();
}

/** Whether the room is as good as it has to be. */
async function judge(name: string): Promise<boolean> {
  const room = ROOMS[name];
  if (!room) throw new Error(`no such room: ${name}; there are ${Object.keys(ROOMS).join(', ')}`);
  const startedAt = performance.now();
  const tests = await measured(room);
  const all = filesOf('dist', room.sources).flatMap(mutantsOf);
  const mutants = sampled(all);
  const survivors: Mutant[] = [];
  await each(mutants, async (mutant, lane) => {
    if (await survives(mutant, tests, lane)) survivors.push(mutant);
  });
  const percent = (100 * (mutants.length - survivors.length)) / mutants.length;
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
  console.log(
    `\n${name}: ${mutants.length} mutants, ${survivors.length} survived, ${percent.toFixed(1)} % killed (${minutes} min)`,
  );
  report(survivors, mutants);
  return values.sample !== undefined || percent >= GOAL_PERCENT;
}

function report(survivors: readonly Mutant[], mutants: readonly Mutant[]): void {
  const isOf = (mutant: Mutant) => (one: Known) =>
    one.file === mutant.file && one.code === mutant.code && one.became === mutant.became;
  for (const mutant of survivors.toSorted((one, other) => place(one).localeCompare(place(other)))) {
    const reason = known.find(isOf(mutant))?.reason;
    console.log(`  ${place(mutant)}  ${reason ?? 'NEW SURVIVOR'}\n    - ${mutant.code}\n    + ${mutant.became}`);
  }
  for (const one of known)
    if (mutants.some((mutant) => isOf(mutant)(one)) && !survivors.some((mutant) => isOf(mutant)(one)))
      console.log(`  ${one.file}  is killed now, and still listed\n    + ${one.became}`);
}

function place({ file, line }: Mutant): string {
  return `${file.replace(/\.js$/, '.ts')}:${String(line).padStart(3)}`;
}

/** Without a mutant all tests pass, and each says what it reaches. */
async function measured({ tests }: Room): Promise<Test[]> {
  const found: Test[] = [];
  await each(filesOf('dist/test', tests), async (file, lane) => {
    const test = { file, ...(await lane.measure(file)) };
    if (test.outcome !== 'passed') throw new Error(`${file} ${test.outcome} without any mutant`);
    found.push(test);
  });
  return found;
}

/** A test of the same name is asked first, then the quickest. */
async function survives({ file, change }: Mutant, tests: readonly Test[], lane: Lane): Promise<boolean> {
  const own = (test: Test): number => (basename(test.file, '.test.js') === basename(file, '.js') ? 0 : test.ms);
  const asked = tests.filter(({ reaches }) => reaches(file, change.start)).sort((one, other) => own(one) - own(other));
  if (asked.length === 0) return true;
  const restore = lane.change(file, applied(readFileSync(join('dist', file), 'utf8'), change));
  try {
    const usualMs = asked.reduce((sum, { ms }) => sum + ms, 0);
    return (
      (await lane.run(
        asked.map(({ file }) => file),
        10_000 + 4 * usualMs,
      )) === 'passed'
    );
  } finally {
    restore();
  }
}

async function each<T>(items: readonly T[], work: (item: T, lane: Lane) => Promise<void>): Promise<void> {
  const queue = [...items];
  const run = async (lane: Lane): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item, lane);
  };
  await Promise.all(lanes.map(run));
}

function filesOf(root: string, names: readonly string[]): string[] {
  return names.flatMap((name) =>
    name.endsWith('.js')
      ? [name]
      : readdirSync(join(root, name))
          .filter((file) => file.endsWith('.js'))
          .map((file) => join(name, file)),
  );
}

function mutantsOf(file: string): Mutant[] {
  const code = readFileSync(join('dist', file), 'utf8');
  const map = new SourceMap(JSON.parse(readFileSync(join('dist', `${file}.map`), 'utf8')) as SourceMapPayload);
  return changesOf(code).map((change) => {
    const before = code.slice(0, change.start).split('\n');
    const { originalLine = 0 } = map.findEntry(before.length - 1, before.at(-1)?.length ?? 0) as {
      originalLine?: number;
    };
    const from = change.start - (before.at(-1)?.length ?? 0);
    const to = code.indexOf('\n', change.end);
    const line = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
    const became = applied(code, change).slice(from, to + change.text.length - (change.end - change.start));
    return { file, line: originalLine + 1, code: line(code.slice(from, to)), became: line(became), change };
  });
}

/** Always the same for one seed: the n smallest by a hash of their place. */
function sampled(mutants: readonly Mutant[]): readonly Mutant[] {
  if (values.sample === undefined) return mutants;
  let state = Number(values.seed) >>> 0;
  const drawn = mutants.map((mutant) => {
    // A linear congruential generator (Numerical Recipes): to draw by, not to hide anything.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return { mutant, state };
  });
  return drawn
    .sort((one, other) => one.state - other.state)
    .slice(0, Number(values.sample))
    .map(({ mutant }) => mutant);
}
