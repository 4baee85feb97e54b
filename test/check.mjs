// Types, lint, format, architecture: everything that needs no token and no browser. Green at each commit.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const bin = (name) => join('node_modules', '.bin', name);

// `npm test` has just built and runs the architecture test by itself.
const built = process.argv.includes('--built');

const steps = [
  ...(built ? [] : [['types', process.execPath, ['build.mjs']]]),
  ['lint', bin('oxlint'), ['--type-aware', '--deny-warnings']],
  ['format', bin('biome'), ['check', '.']],
  ...(built ? [] : [['architecture', bin('mocha'), ['dist/test/architecture.test.js']]]),
];

let failed = 0;
for (const [name, command, args] of steps) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  console.log(`${name}: ${status === 0 ? 'ok' : 'FAILED'}`);
  if (status !== 0) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
