// The first step of `npm test`, `npm run demo` and `npm run bench`, before any package is installed: plain JavaScript on
// Node's built-ins. Sets up system packages, npm packages and the build, then goes on with what was asked for.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUpSystem } from './setup/apt.mjs';
import { argumentsOf, COMMANDS, isCommand, usageOfAll } from './setup/commands.mjs';
import { runStep } from './setup/progress.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_AT_LEAST = [20, 19];

const [command, ...args] = process.argv.slice(2);
if (command === '--help') {
  console.log(usageOfAll());
  process.exit(0);
}
if (!isCommand(command)) {
  console.error(`${command === undefined ? 'Which command?' : `There is no command ${command}.`}\n\n${usageOfAll()}`);
  process.exit(2);
}
argumentsOf(command, args);

process.chdir(root);
requireNode();
const reason = await setUpSystem(command);
if (reason) fail(reason);
await installNpmPackages();
await build();
const { status, signal } = spawnSync(process.execPath, [...COMMANDS[command].program, ...args], {
  stdio: 'inherit',
  env: childEnvironment(),
});
process.exit(status ?? (signal === 'SIGINT' ? 130 : 1));

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NODE_AT_LEAST[0] || (major === NODE_AT_LEAST[0] && minor >= NODE_AT_LEAST[1])) return;
  fail(`Node.js ${NODE_AT_LEAST.join('.')} or newer is needed; this is ${process.versions.node}.`);
}

/** `npm ci` where the lock file is not the one that was installed last. */
async function installNpmPackages() {
  const lock = createHash('sha256').update(readFileSync('package-lock.json')).update(process.version).digest('hex');
  const stamp = 'node_modules/.installed-lock';
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  const env = { ...process.env, ...headers() };
  const ci = ['npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error'];
  await runOrFail('Installing npm packages', ci, env);
  if (!existsSync('node_modules/pkcs11js/build/Release/pkcs11.node'))
    await runOrFail('Compiling the native addon', ['npm', 'rebuild', 'pkcs11js'], env);
  writeFileSync(stamp, lock);
}

/** The native addon is compiled against the headers that came with this Node; node-gyp would download them. */
function headers() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  return existsSync(join(prefix, 'include/node/node_version.h')) ? { npm_config_nodedir: prefix } : {};
}

async function build() {
  const { stderr } = await runOrFail('Building', [process.execPath, 'build.mjs'], childEnvironment());
  // Such as a part that could not be compiled and that the rest does without.
  if (stderr) process.stderr.write(stderr);
}

/** Without Node's own variables: NODE_EXTRA_CA_CERTS alone slows every start, NODE_OPTIONS would be refused. */
function childEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(NODE_|npm_)/.test(name)));
}

async function runOrFail(title, program, env) {
  const ended = await runStep({ title, command: program, env });
  if (ended.ok) return ended;
  process.stderr.write(ended.stdout + ended.stderr);
  return fail(`${program.join(' ')} failed.`);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
