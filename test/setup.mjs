// The first step of `npm test`, `npm run demo` and `npm run bench`, before any package is installed: plain JavaScript on
// Node's built-ins. Sets up system packages, npm packages and the build, then goes on with what was asked for.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_AT_LEAST = [20, 19];

const COMPILER = ['python3', 'make', 'g++'];
const TOKEN = ['softhsm2', 'opensc', 'openssl'];
const BROWSER = ['chromium', 'fonts-noto-cjk'];
const DIALOGS = ['pinentry-qt', 'pinentry-gtk2', 'pinentry-curses'];
const SCREEN = ['xvfb', 'xauth', 'xdotool', 'x11-utils'];

/** What each command needs of Debian's packages, and what it then runs. */
const COMMANDS = {
  demo: { packages: [...COMPILER, ...TOKEN, ...BROWSER, 'pinentry-qt'], run: ['dist/test/demo/main.js'] },
  test: { packages: [...COMPILER, ...TOKEN, ...BROWSER, ...DIALOGS, ...SCREEN], run: ['test/run.mjs'] },
  bench: { packages: [...COMPILER, ...TOKEN], run: ['dist/test/bench/main.js'] },
};

const [command, ...args] = process.argv.slice(2);
const wanted = COMMANDS[command];
if (!wanted) fail(`usage: node test/setup.mjs ${Object.keys(COMMANDS).join('|')}`);

process.chdir(root);
requireNode();
installSystemPackages(wanted.packages);
installNpmPackages();
run(process.execPath, ['build.mjs'], childEnvironment());
const { status, signal } = spawnSync(process.execPath, [...wanted.run, ...args], {
  stdio: 'inherit',
  env: childEnvironment(),
});
process.exit(status ?? (signal === 'SIGINT' ? 130 : 1));

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NODE_AT_LEAST[0] || (major === NODE_AT_LEAST[0] && minor >= NODE_AT_LEAST[1])) return;
  fail(`Node.js ${NODE_AT_LEAST.join('.')} or newer is needed; this is ${process.versions.node}.`);
}

function installSystemPackages(packages) {
  const missing = packages.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...missing];
  if (!isThere('apt-get'))
    fail(`This machine has no apt-get. Please install what these Debian packages hold: ${missing.join(' ')}`);
  const prefix = process.getuid?.() === 0 ? [] : isThere('sudo') ? ['sudo'] : undefined;
  if (!prefix) fail(`Some system packages are missing. Please run as root:\n  apt-get update && ${install.join(' ')}`);
  console.log(`Installing system packages: ${missing.join(' ')}`);
  const quiet = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const updated = spawnSync([...prefix, 'apt-get'][0], [...prefix, 'apt-get', 'update', '-qq'].slice(1), {
    stdio: 'inherit',
    env: quiet,
  });
  const [program, ...rest] = [...prefix, ...install];
  const installed =
    updated.status === 0 &&
    spawnSync(program, rest, { stdio: ['inherit', 'ignore', 'inherit'], env: quiet }).status === 0;
  if (!installed)
    fail(
      `The packages could not be installed. Please run:\n  ${[...prefix, 'apt-get', 'update'].join(' ')} && ${[...prefix, ...install].join(' ')}`,
    );
}

function isInstalled(name) {
  const { status, stdout } = spawnSync('dpkg-query', ['-W', '-f=${Status}', name], { encoding: 'utf8' });
  return status === 0 && stdout === 'install ok installed';
}

function isThere(program) {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)));
}

/** `npm ci` where the lock file is not the one that was installed last. */
function installNpmPackages() {
  const lock = createHash('sha256').update(readFileSync('package-lock.json')).update(process.version).digest('hex');
  const stamp = 'node_modules/.installed-lock';
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  console.log('Installing npm packages');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { ...process.env, ...headers() });
  if (!existsSync('node_modules/pkcs11js/build/Release/pkcs11.node'))
    run('npm', ['rebuild', 'pkcs11js'], { ...process.env, ...headers() });
  writeFileSync(stamp, lock);
}

/** The native addon is compiled against the headers that came with this Node; node-gyp would download them. */
function headers() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  return existsSync(join(prefix, 'include/node/node_version.h')) ? { npm_config_nodedir: prefix } : {};
}

/** Without Node's own variables: NODE_EXTRA_CA_CERTS alone slows every start, NODE_OPTIONS would be refused. */
function childEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(NODE_|npm_)/.test(name)));
}

function run(program, programArgs, env) {
  const { status } = spawnSync(program, programArgs, { stdio: 'inherit', env });
  if (status !== 0) fail(`${program} ${programArgs.join(' ')} failed.`);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
