// Runs all tests on the compiled output, room by room, and closes with the plain count of what really ran.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** In the order in which a failure is cheapest to understand. */
const SUITES = [
  ['architecture', ['dist/test/architecture.test.js']],
  ['unit', ['dist/test/unit/**/*.test.js']],
  ['contract', ['dist/test/contract/*.test.js']],
  ['integration', ['dist/test/integration/*.test.js']],
  ['end to end', ['dist/test/e2e/*.test.js']],
];

const only = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), 'inkan-tests-'));
const total = { passed: 0, failed: 0, skipped: 0 };

const check =
  only.length === 0 ? spawnSync(process.execPath, ['test/check.mjs', '--built'], { stdio: 'inherit' }).status : 0;
if (check !== 0) total.failed += 1;

for (const [name, files] of SUITES) {
  if (only.length > 0 && !only.includes(name)) continue;
  console.log(`\n── ${name}`);
  const counts = join(scratch, `${name}.json`);
  const reporter = ['--reporter', 'dist/test/stage/counting-reporter.js', '--reporter-option', `counts=${counts}`];
  const { status } = spawnSync('node_modules/.bin/mocha', ['--timeout', '60000', ...reporter, ...files], {
    stdio: 'inherit',
  });
  const suite = read(counts);
  for (const kind of Object.keys(total)) total[kind] += suite[kind];
  // A runner that died, or that failed outside a test, counts as a failure too.
  if (status !== 0 && suite.failed === 0) total.failed += 1;
}

rmSync(scratch, { recursive: true, force: true });
console.log(`\n${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
