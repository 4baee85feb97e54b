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
/** Modules that the contract of a token runs on, each by itself: where one cannot be had, its tests are skipped and say so. */
const MODULES = [
  ['opencryptoki'],
  ['libtpm2-pkcs11-1', 'libtpm2-pkcs11-tools', 'libtss2-tcti-tabrmd0', 'swtpm', 'tpm2-abrmd', 'dbus-daemon'],
  ['p11-kit', 'p11-kit-modules'],
  ['libnss3', 'libnss3-tools'],
];
const SCREEN = ['xvfb', 'xauth', 'xdotool', 'x11-utils'];

/** What each command needs of Debian's packages, and what it then runs. */
const COMMANDS = {
  demo: { packages: [...COMPILER, ...TOKEN, ...BROWSER, 'pinentry-qt'], run: ['dist/test/demo/main.js'] },
  test: {
    packages: [...COMPILER, ...TOKEN, 'curl', ...BROWSER, ...DIALOGS, ...SCREEN],
    useful: [...MODULES, ['strace'], ['at-spi2-core', 'python3-pyatspi', 'libatk-adaptor', 'libgail-common', 'dbus']],
    run: ['test/run.mjs'],
  },
  token: { packages: [...COMPILER, 'openssl'], run: ['dist/test/token/main.js'] },
  screenshots: { packages: [...COMPILER, ...TOKEN, ...BROWSER], run: ['dist/test/screenshots.js'] },
  bench: { packages: [...COMPILER, ...TOKEN, 'curl'], run: ['dist/test/bench/main.js'] },
};

const [command, ...args] = process.argv.slice(2);
const wanted = COMMANDS[command];
if (!wanted) fail(`usage: node test/setup.mjs ${Object.keys(COMMANDS).join('|')}`);

process.chdir(root);
requireNode();
const lacking = installSystemPackages(wanted.packages);
if (lacking) fail(lacking);
for (const packages of wanted.useful ?? []) {
  const reason = installSystemPackages(packages);
  if (reason) console.warn(`Some tests will be skipped. ${reason}`);
}
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

/** Answers what is to be done by hand where they could not be installed. */
function installSystemPackages(packages) {
  const missing = packages.filter((name) => !isInstalled(name));
  if (missing.length === 0) return undefined;
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...missing];
  if (!isThere('apt-get'))
    return `This machine has no apt-get. Please install what these Debian packages hold: ${missing.join(' ')}`;
  const prefix = process.getuid?.() === 0 ? [] : isThere('sudo') ? ['sudo'] : undefined;
  if (!prefix) return `Some system packages are missing. Please run as root:\n  apt-get update && ${install.join(' ')}`;
  console.log(`Installing system packages: ${missing.join(' ')}`);
  const done = apt([...prefix, 'apt-get', 'update', '-qq'], 'inherit') && apt([...prefix, ...install], 'ignore');
  if (done) return undefined;
  return `The packages could not be installed. Please run:\n  ${[...prefix, 'apt-get', 'update'].join(' ')} && ${[...prefix, ...install].join(' ')}`;
}

function apt([program, ...args], output) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(program, args, { stdio: ['inherit', output, 'inherit'], env }).status === 0;
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
