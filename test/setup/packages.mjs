/** The system packages, by what they are for, and what is to be done about those that are missing. Decides only: `apt.mjs` acts. */

/** @typedef {import('./commands.mjs').CommandName} CommandName */
/**
 * @typedef {object} Group
 * @property {string} purpose
 * @property {readonly string[]} packages
 * @property {readonly CommandName[]} neededBy which commands cannot run without it
 * @property {string} [tests] what `npm test` skips without it
 */
/** @typedef {'root' | 'sudo' | 'sudo with a password' | 'none'} Privilege */

/** @type {readonly CommandName[]} */
const ALL = ['demo', 'test', 'token', 'bench', 'screenshots'];

/** @type {readonly Group[]} */
export const GROUPS = [
  { purpose: 'compiling the native addon', packages: ['python3', 'make', 'g++'], neededBy: ALL },
  { purpose: 'keys and certificates, made and checked', packages: ['openssl'], neededBy: ALL },
  {
    purpose: 'a token in software, seen from outside',
    packages: ['softhsm2', 'opensc'],
    neededBy: ['demo', 'test', 'bench', 'screenshots'],
  },
  {
    purpose: "the customer's browser, and Japanese letters",
    packages: ['chromium', 'fonts-noto-cjk'],
    neededBy: ['demo', 'test', 'screenshots'],
  },
  { purpose: 'the window for the PIN', packages: ['pinentry-qt'], neededBy: ['demo', 'test'] },
  { purpose: 'the same window by other programs', packages: ['pinentry-gtk2', 'pinentry-curses'], neededBy: ['test'] },
  {
    purpose: 'a virtual screen for the windows in tests',
    packages: ['xvfb', 'xauth', 'xdotool', 'x11-utils'],
    neededBy: ['test'],
  },
  { purpose: 'the enrollment without Inkan, for the bench', packages: ['curl'], neededBy: ['test', 'bench'] },
  { purpose: 'the SDK in Firefox', packages: ['firefox-esr'], neededBy: [], tests: 'integration/sdk-firefox' },
  { purpose: 'tokens of openCryptoki', packages: ['opencryptoki'], neededBy: [], tests: 'contract/opencryptoki' },
  {
    purpose: 'tokens of a TPM in software',
    packages: [
      'libtpm2-pkcs11-1',
      'libtpm2-pkcs11-tools',
      'libtss2-tcti-tabrmd0',
      'swtpm',
      'tpm2-abrmd',
      'dbus-daemon',
    ],
    neededBy: [],
    tests: 'contract/tpm2',
  },
  {
    purpose: 'tokens behind p11-kit',
    packages: ['p11-kit', 'p11-kit-modules'],
    neededBy: [],
    tests: 'contract/p11-kit',
  },
  { purpose: 'tokens of NSS', packages: ['libnss3', 'libnss3-tools'], neededBy: [], tests: 'contract/nss' },
  {
    purpose: 'system calls, traced and interrupted',
    packages: ['strace'],
    neededBy: [],
    tests: 'integration/journal-trace, the part of integration/kill-matrix between two system calls',
  },
  {
    purpose: 'dialogs as a screen reader has them',
    packages: ['at-spi2-core', 'python3-pyatspi', 'libatk-adaptor', 'libgail-common', 'dbus'],
    neededBy: [],
    tests: 'unit/dialog/at-spi',
  },
];

/** A contributor runs these three sooner or later: what they need is installed at once, and asked for once. */
const TOGETHER = ['demo', 'test', 'bench'];

/**
 * The groups that concern a command, each with those of its packages that are missing.
 * @param {CommandName} command
 * @param {(name: string) => boolean} isInstalled
 * @returns {Group[]}
 */
export function missingGroups(command, isInstalled) {
  return GROUPS.filter(({ neededBy }) => TOGETHER.includes(command) || neededBy.includes(command))
    .map((group) => ({ ...group, packages: group.packages.filter((name) => !isInstalled(name)) }))
    .filter(({ packages }) => packages.length > 0);
}

/** @type {(groups: readonly Group[]) => string[]} */
export const packagesOf = (groups) => groups.flatMap(({ packages }) => packages);

/** @type {(groups: readonly Group[], command: CommandName) => string} */
export function listOf(groups, command) {
  const width = Math.max(...groups.map(({ purpose }) => purpose.length));
  const rows = groups.map(({ packages, purpose }) => `  ${purpose.padEnd(width)}   ${packages.join(' ')}`);
  const whose = TOGETHER.includes(command) ? ' for the demo, the tests and the bench' : '';
  return [`Missing system packages${whose}:`, ...rows].join('\n');
}

/**
 * How apt may be run here. `sudo -n` is only asked where it matters.
 * @param {{ isRoot: boolean, hasSudo: boolean, asksNothing: () => boolean, hasTerminal: boolean }} machine
 * @returns {Privilege}
 */
export function privilegeOn({ isRoot, hasSudo, asksNothing, hasTerminal }) {
  if (isRoot) return 'root';
  if (!hasSudo) return 'none';
  if (asksNothing()) return 'sudo';
  return hasTerminal ? 'sudo with a password' : 'none';
}

/**
 * What a person would type.
 * @type {(packages: readonly string[], withSudo: boolean) => string}
 */
export function commandLine(packages, withSudo) {
  const apt = withSudo ? 'sudo apt-get' : 'apt-get';
  return `${apt} update && ${apt} install -y --no-install-recommends ${packages.join(' ')}`;
}

/**
 * What it means that these were not installed: why the command must end, or what it does without.
 * @param {readonly Group[]} left
 * @param {CommandName} command
 * @returns {{ mustEnd: boolean, text: string }}
 */
export function consequence(left, command) {
  const needed = left.filter(({ neededBy }) => neededBy.includes(command));
  if (needed.length > 0) return { mustEnd: true, text: `Needed, and not there: ${packagesOf(needed).join(' ')}` };
  if (command !== 'test') return { mustEnd: false, text: 'What is missing is not needed now.' };
  const rows = left.map(({ packages, tests }) => `  ${tests}: needs ${packages.join(' ')}`);
  return { mustEnd: false, text: ['These tests will be skipped:', ...rows].join('\n') };
}

/** What apt and dpkg say of the lack of a terminal, and of things that no one has to do anything about. */
const NOISE = [
  /^debconf: /,
  /^dpkg-preconfigure: /,
  /^Extracting templates from packages/,
  /^\(Reading database /,
  /^(dl|pm)status:/,
];
const LAST_LINES = 10;

/**
 * What a person needs to see of an apt that failed.
 * @type {(ended: { stdout: string, stderr: string }) => string}
 */
export function errorsOf({ stdout, stderr }) {
  /** @type {(text: string) => string[]} */
  const lines = (text) => text.split('\n').filter((line) => line.trim() && !NOISE.some((noise) => noise.test(line)));
  const errors = lines(stderr);
  return (errors.length > 0 ? errors : lines(stdout).slice(-LAST_LINES)).join('\n');
}

/**
 * What apt does just now, of its `APT::Status-Fd`: `pmstatus:PACKAGE:PERCENT:TEXT` or `dlstatus:NUMBER:PERCENT:TEXT`.
 * @type {(line: string) => string | undefined}
 */
export function statusOf(line) {
  const [, percent, text] = /^(?:dl|pm)status:[^:]*(?::[a-z0-9]+)?:([\d.]+):(.*)$/.exec(line) ?? [];
  return text && `${Math.floor(Number(percent))} %  ${text}`;
}
