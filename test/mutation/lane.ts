/** A copy of what was compiled, in which one mutant at a time is tried: the tree itself is never touched. */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Outcome = 'passed' | 'failed' | 'hung';
export type Lane = {
  /** Runs test files until the first failure. */
  run(tests: readonly string[], withinMs: number, environment?: NodeJS.ProcessEnv): Promise<Outcome>;
  /** Puts another text in the place of a compiled file; answers how to put it back. */
  change(file: string, code: string): () => void;
  /** How a run of one test file went, and which parts of each compiled file it executed. */
  measure(test: string): Promise<Measured>;
  close(): void;
};
export type Measured = {
  readonly outcome: Outcome;
  readonly ms: number;
  readonly reaches: (file: string, at: number) => boolean;
};

const NOT_COPIED = ['dist', '.git'];
const LONGEST_TEST_MS = 20_000;

export function openLane(): Lane {
  const folder = mkdtempSync(join(tmpdir(), 'inkan-mutation-'));
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  cpSync('dist', join(folder, 'dist'), { recursive: true });
  for (const name of readdirSync('.').filter((one) => !NOT_COPIED.includes(one)))
    symlinkSync(resolve(name), join(folder, name));
  const run: Lane['run'] = (tests, withinMs, environment = {}) =>
    mocha(folder, tests, withinMs, { PATH: process.env['PATH'], HOME: temporary, TMPDIR: temporary, ...environment });
  return {
    run,
    change(file, code) {
      const path = join(folder, 'dist', file);
      const before = readFileSync(path, 'utf8');
      writeFileSync(path, code);
      return () => writeFileSync(path, before);
    },
    async measure(test) {
      const coverage = mkdtempSync(join(temporary, 'coverage-'));
      const startedAt = performance.now();
      const outcome = await run([test], 120_000, { NODE_V8_COVERAGE: coverage });
      return { outcome, ms: performance.now() - startedAt, reaches: reachOf(coverage, join(folder, 'dist')) };
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function mocha(folder: string, tests: readonly string[], withinMs: number, env: NodeJS.ProcessEnv): Promise<Outcome> {
  const options = ['--bail', '--exit', '--timeout', String(LONGEST_TEST_MS), '--file', 'dist/test/mutation/steady.js'];
  const files = tests.map((test) => join('dist/test', test));
  const parameters = ['node_modules/mocha/bin/mocha.js', ...options, ...files];
  const child = spawn(process.execPath, parameters, { cwd: folder, env, stdio: 'ignore', detached: true });
  return new Promise((done) => {
    // With all that it has started: its own process group.
    const hangs = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), withinMs);
    child.once('exit', (code, signal) => {
      clearTimeout(hangs);
      done(signal ? 'hung' : code === 0 ? 'passed' : 'failed');
    });
  });
}

type Range = { readonly startOffset: number; readonly endOffset: number; readonly count: number };
type Coverage = {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly Range[] }[];
  }[];
};

/** V8's coverage by blocks: the innermost range around a place says whether it was executed. */
function reachOf(coverage: string, dist: string): Measured['reaches'] {
  const processes = new Map<string, Range[][]>();
  for (const name of readdirSync(coverage)) {
    const { result } = JSON.parse(readFileSync(join(coverage, name), 'utf8')) as Coverage;
    for (const { url, functions } of result.filter((one) => one.url.startsWith('file:'))) {
      const path = fileURLToPath(url);
      processes.set(path, [...(processes.get(path) ?? []), functions.flatMap(({ ranges }) => ranges)]);
    }
  }
  return (file, at) =>
    (processes.get(join(dist, file)) ?? []).some((ranges) => (innermost(ranges, at)?.count ?? 0) > 0);
}

function innermost(ranges: readonly Range[], at: number): Range | undefined {
  const around = ranges.filter(({ startOffset, endOffset }) => startOffset <= at && at < endOffset);
  return around.sort((one, other) => one.endOffset - one.startOffset - (other.endOffset - other.startOffset))[0];
}
