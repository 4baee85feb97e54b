/** Installs the missing system packages by apt, as far as this machine and its user allow. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  commandLine,
  consequence,
  errorsOf,
  GROUPS,
  listOf,
  missingGroups,
  packagesOf,
  privilegeOn,
  statusOf,
} from './packages.mjs';
import { runStep } from './progress.mjs';

/** @typedef {import('./packages.mjs').Group} Group */
/** @typedef {import('./commands.mjs').CommandName} CommandName */

const LISTS = '/var/lib/apt/lists';
/** Another apt, such as the one that updates a fresh machine, is waited for; its progress goes to stdout, which sudo leaves open. */
const OPTIONS = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'APT::Status-Fd=1'];

/**
 * Answers why the command cannot go on, if it cannot.
 * @param {CommandName} command
 * @param {boolean} [isRoot]
 * @returns {Promise<string | undefined>}
 */
export async function setUpSystem(command, isRoot = process.getuid?.() === 0) {
  const missing = missingGroups(command, installedOf(packagesOf(GROUPS)));
  if (missing.length === 0) return undefined;
  // Lists that know other packages know that this one cannot be had: nobody is asked for a password for it.
  const wanted = hasLists() ? missing.filter((group) => isNeeded(group, command) || canBeHad(group)) : missing;
  if (wanted.length > 0) console.log(listOf(wanted, command));
  const left = [...missing.filter((group) => !wanted.includes(group)), ...(await installIfAllowed(wanted, isRoot))];
  if (left.length === 0) return undefined;
  const { mustEnd, text } = consequence(left, command);
  if (!mustEnd) console.log(text);
  return mustEnd ? text : undefined;
}

/** @type {(group: Group, command: CommandName) => boolean} */
const isNeeded = ({ neededBy }, command) => neededBy.includes(command);

/**
 * Installs what it can; answers the rest.
 * @param {readonly Group[]} groups
 * @param {boolean} isRoot
 * @returns {Promise<readonly Group[]>}
 */
async function installIfAllowed(groups, isRoot) {
  if (groups.length === 0) return groups;
  if (!isThere('apt-get')) {
    console.log('This machine has no apt-get: please install what these packages of Debian hold.');
    return groups;
  }
  const prefix = sudoOrNot(groups, isRoot);
  return prefix ? installByApt(groups, prefix) : groups;
}

/**
 * What stands before apt-get; nothing where it may not be run.
 * @param {readonly Group[]} groups
 * @param {boolean} isRoot
 * @returns {readonly string[] | undefined}
 */
function sudoOrNot(groups, isRoot) {
  const hasSudo = isThere('sudo');
  const privilege = privilegeOn({
    isRoot,
    hasSudo,
    asksNothing: () => spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0,
    hasTerminal: process.stdin.isTTY,
  });
  const typed = commandLine(packagesOf(groups), hasSudo);
  if (privilege === 'root') return [];
  if (privilege === 'sudo') return ['sudo'];
  if (privilege === 'sudo with a password') {
    console.log(`sudo will ask for your password, to run:\n  ${typed}`);
    if (spawnSync('sudo', ['-v'], { stdio: 'inherit' }).status === 0) return ['sudo'];
  }
  console.log(`To install them, please run${hasSudo ? '' : ' as root'}:\n  ${typed}`);
  return undefined;
}

/**
 * @param {readonly Group[]} groups
 * @param {readonly string[]} prefix
 * @returns {Promise<readonly Group[]>} what could not be installed
 */
async function installByApt(groups, prefix) {
  const updated = await apt(prefix, 'Updating the lists of packages', ['update', '-o', 'APT::Update::Error-Mode=any']);
  const known = groups.filter((group) => canBeHad(group));
  const unknown = groups.filter((group) => !known.includes(group));
  if (unknown.length > 0) console.log(`apt cannot find all of: ${packagesOf(unknown).join(' ')}`);
  if (known.length === 0 || (await installTogether(known, prefix))) return unknown;
  // One that cannot be installed must not keep out the others. Without a network none can be.
  const left = [...unknown];
  for (const group of known) if (!updated || !(await installTogether([group], prefix))) left.push(group);
  return left;
}

/** @type {(groups: readonly Group[], prefix: readonly string[]) => Promise<boolean>} */
function installTogether(groups, prefix) {
  const names = packagesOf(groups);
  const title = names.length > 3 ? `Installing ${names.length} system packages` : `Installing ${names.join(' ')}`;
  return apt(prefix, title, ['install', '-y', '--no-install-recommends', ...names]);
}

/** @type {(prefix: readonly string[], title: string, args: readonly string[]) => Promise<boolean>} */
async function apt(prefix, title, args) {
  // sudo clears the environment, so `env` sets it anew.
  const command = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...OPTIONS, ...args];
  const ended = await runStep({ title, command, env: process.env, statusOf });
  if (!ended.ok) console.error(errorsOf(ended));
  return ended.ok;
}

/** @type {(names: readonly string[]) => (name: string) => boolean} */
function installedOf(names) {
  const format = '-f=${Package} ${Status}\n';
  const { stdout } = spawnSync('dpkg-query', ['-W', format, ...names], { encoding: 'utf8' });
  const lines = new Set((stdout ?? '').split('\n'));
  return (name) => lines.has(`${name} install ok installed`);
}

/**
 * Whether apt knows a version of each of its packages that could be installed.
 * @type {(group: Group) => boolean}
 */
function canBeHad({ packages }) {
  const env = { ...process.env, LC_ALL: 'C' };
  const { stdout } = spawnSync('apt-cache', ['policy', ...packages], { encoding: 'utf8', env });
  return (
    (stdout ?? '').split('\n').filter((line) => /^ {2}Candidate: (?!\(none\))/.test(line)).length === packages.length
  );
}

/**
 * A machine that never ran `apt-get update` has none.
 * @type {() => boolean}
 */
function hasLists() {
  return existsSync(LISTS) && readdirSync(LISTS).some((name) => name.includes('_Packages'));
}

/** @type {(program: string) => boolean} */
function isThere(program) {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, program)));
}
