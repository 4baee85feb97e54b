// Runs all tests on the compiled output and closes with the plain count of what really ran. Two lanes at once, for two
// cores: only the second opens the bridge, whose port is fixed. A suite's output is printed whole when it has ended.
// `npm test -- unit "end to end"` runs some suites; `npm test -- --coverage` measures what they reach.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argumentsOf } from './setup/commands.mjs';

/** Tests that need the bridge's fixed ports. */
const ON_FIXED_PORTS = [
  'dist/test/unit/doctor/ports.test.js',
  ...['bundle', 'cli', 'profile-cli', 'reference-bank-*', 'reminders', 'sdk-*', 'spare'].map(
    (name) => `dist/test/integration/${name}.test.js`,
  ),
];

/** A suite that has not ended by then waits for something that never comes; none takes half as long. */
const SUITE_MS = (process.env['INKAN_FULL'] === '1' ? 90 : 12) * 60_000;

const TOKENS = [
  { name: 'architecture', files: ['dist/test/architecture.test.js'] },
  { name: 'unit', files: ['dist/test/unit/**/*.test.js'], without: ON_FIXED_PORTS },
  { name: 'contract', files: ['dist/test/contract/*.test.js'] },
  { name: 'integration', files: ['dist/test/integration/*.test.js'], without: ON_FIXED_PORTS },
];
const PAGES = [
  { name: 'end to end', files: ['dist/test/e2e/*.test.js'] },
  { name: 'integration on the bridge', files: ON_FIXED_PORTS },
  { name: 'security', files: ['dist/test/security/*.test.js'] },
];

const { words: wanted, given } = argumentsOf('test');
const measured = given.coverage !== undefined;
const scratch = mkdtempSync(join(tmpdir(), 'inkan-tests-'));
const total = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} */
const failures = [];

if (
  wanted.length === 0 &&
  spawnSync(process.execPath, ['test/check.mjs', '--built'], { stdio: 'inherit' }).status !== 0
) {
  total.failed += 1;
  failures.push('npm run check');
}
await Promise.all([TOKENS, PAGES].map(runLane));
if (measured)
  spawnSync('node_modules/.bin/c8', ['report', '--exclude-after-remap', '--reporter', 'text'], { stdio: 'inherit' });

rmSync(scratch, { recursive: true, force: true });
// Once more at the end, where whoever sees only the end of a long log finds them.
for (const failure of failures) console.log(`\n✗ ${failure}`);
console.log(`\n${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);

/** @typedef {{ name: string, files: string[], without?: string[] }} Suite */

/** @param {Suite[]} suites */
async function runLane(suites) {
  for (const suite of suites) {
    if (wanted.length === 0 || wanted.includes(suite.name)) await runSuite(suite);
  }
}

/** @param {Suite} suite */
async function runSuite({ name, files, without = [] }) {
  console.log(`… ${name}`);
  const counts = join(scratch, `${name}.json`);
  const startedAt = Date.now();
  const { status, output } = await mocha([
    '--reporter-option',
    `counts=${counts}`,
    ...without.flatMap((file) => ['--ignore', file]),
    ...files,
  ]);
  console.log(`\n── ${name} (${((Date.now() - startedAt) / 1000).toFixed(0)} s)\n${output}`);
  const suite = read(counts);
  for (const kind of /** @type {const} */ (['passed', 'failed', 'skipped'])) total[kind] += suite[kind];
  // A runner that died, or that failed outside a test, counts as a failure too.
  if (status !== 0 && suite.failed === 0) {
    total.failed += 1;
    failures.push(`${name}: the runner ended with ${status}`);
  }
  failures.push(...suite.failures.map((failure) => `${name}: ${failure}`));
}

/**
 * @param {string[]} args
 * @returns {Promise<{ status: number | null, output: string }>}
 */
function mocha(args) {
  const runner = measured ? ['node_modules/.bin/c8', '--no-clean', '--reporter', 'none'] : [];
  const reporter = ['--reporter', 'dist/test/stage/counting-reporter.js'];
  const [command, ...rest] = [...runner, 'node_modules/.bin/mocha', '--timeout', '60000', ...reporter, ...args];
  return new Promise((ended) => {
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (output += text));
    const hangs = setTimeout(() => {
      output += `\nended after ${SUITE_MS / 60_000} minutes\n`;
      child.kill('SIGKILL');
      // Whoever it leaves behind may still hold the other ends.
      child.stdout.destroy();
      child.stderr.destroy();
    }, SUITE_MS);
    child.on('close', (status) => {
      clearTimeout(hangs);
      ended({ status, output });
    });
  });
}

/** @param {string} file */
function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0, failures: ['nothing was counted'] };
  }
}
