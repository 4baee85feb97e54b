// Runs all tests on the compiled output, suite by suite, and closes with the plain count of what really ran.
// `npm test -- unit "end to end"` runs some of them; `npm test -- --coverage` measures what they reach.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** In the order in which a failure is cheapest to understand. */
const SUITES = [
  { name: 'architecture', files: 'dist/test/architecture.test.js' },
  { name: 'unit', files: 'dist/test/unit/**/*.test.js' },
  { name: 'contract', files: 'dist/test/contract/*.test.js' },
  { name: 'integration', files: 'dist/test/integration/*.test.js' },
  { name: 'security', files: 'dist/test/security/*.test.js', folder: 'dist/test/security' },
  { name: 'end to end', files: 'dist/test/e2e/*.test.js' },
];

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const measured = process.argv.includes('--coverage');
const scratch = mkdtempSync(join(tmpdir(), 'inkan-tests-'));
const total = { passed: 0, failed: 0, skipped: 0 };

if (wanted.length === 0) {
  const { status } = spawnSync(process.execPath, ['test/check.mjs', '--built'], { stdio: 'inherit' });
  if (status !== 0) total.failed += 1;
}
for (const { name, files, folder = '.' } of SUITES) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  if (existsSync(folder)) add(name, files);
}
if (measured)
  spawnSync('node_modules/.bin/c8', ['report', '--exclude-after-remap', '--reporter', 'text'], { stdio: 'inherit' });

rmSync(scratch, { recursive: true, force: true });
console.log(`\n${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);

/** @param {string} name @param {string} files */
function add(name, files) {
  console.log(`\n── ${name}`);
  const counts = join(scratch, `${name}.json`);
  const runner = measured ? ['node_modules/.bin/c8', '--no-clean', '--reporter', 'none'] : [];
  const mocha = ['node_modules/.bin/mocha', '--timeout', '60000', '--reporter', 'dist/test/stage/counting-reporter.js'];
  const [command, ...args] = [...runner, ...mocha, '--reporter-option', `counts=${counts}`, files];
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  const suite = read(counts);
  for (const kind of /** @type {const} */ (['passed', 'failed', 'skipped'])) total[kind] += suite[kind];
  // A runner that died, or that failed outside a test, counts as a failure too.
  if (status !== 0 && suite.failed === 0) total.failed += 1;
}

/** @param {string} file */
function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
