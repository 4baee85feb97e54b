/** The set-up before programs that are not Debian's: they say what is installed, and write down how they were called. */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { CommandName } from '../../setup/commands.mjs';
import { GROUPS, packagesOf } from '../../setup/packages.mjs';
import { ownFolder } from '../../stage/folder.ts';

const run = promisify(execFile);
const APT = new URL('../../setup/apt.mjs', import.meta.url).href;
const OPTIONS = '-o DPkg::Lock::Timeout=300 -o APT::Status-Fd=1';
const INSTALL = `apt-get ${OPTIONS} install -y --no-install-recommends`;
const UPDATE = `apt-get ${OPTIONS} update -o APT::Update::Error-Mode=any`;
const ALL = packagesOf(GROUPS);

type Machine = {
  readonly command: CommandName;
  readonly missing: readonly string[];
  readonly root?: boolean;
  /** What a shell does as this program; without one there is none. */
  readonly sudo?: string;
  readonly aptGet?: string;
  /** What no list of apt's knows. */
  readonly unknown?: readonly string[];
};
type Outcome = { readonly reason: string | null; readonly shown: string; readonly calls: readonly string[] };

describe('the set-up of system packages', function () {
  this.timeout(60_000);

  const folder = ownFolder();
  let machines = 0;

  async function setUp({
    command,
    missing,
    root = true,
    sudo,
    aptGet = 'exit 0',
    unknown = [],
  }: Machine): Promise<Outcome> {
    const bin = join(folder(), `machine-${(machines += 1)}`);
    const log = join(bin, 'log');
    mkdirSync(bin);
    const program = (name: string, script: string): void => {
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(bin, name), 0o755);
    };
    const noted = `echo "\${0##*/} $*" >>'${log}'`;
    const installed = ALL.filter((name) => !missing.includes(name));
    program('dpkg-query', `printf '%s install ok installed\\n' ${installed.join(' ')}`);
    const known = `*) printf '%s:\\n  Candidate: 1\\n' "$name";;`;
    const cases = unknown.map((name) => `${name}) printf '%s:\\n  Candidate: (none)\\n' "$name";;`).join(' ');
    program('apt-cache', `shift; for name in "$@"; do case $name in ${cases} ${known} esac; done`);
    program('apt-get', `${noted}\n${aptGet}`);
    if (sudo) program('sudo', `${noted}\n${sudo}`);
    symlinkSync('/usr/bin/env', join(bin, 'env'));
    const script = `const { setUpSystem } = await import('${APT}');
      const reason = await setUpSystem('${command}', ${root});
      console.log('\\0' + JSON.stringify(reason ?? null));`;
    const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', script], {
      env: { PATH: bin },
    });
    const [shown = '', reason = ''] = stdout.split('\0');
    const calls = existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean) : [];
    return { reason: JSON.parse(reason) as string | null, shown: shown + stderr, calls };
  }

  it('does nothing where nothing is missing', async () => {
    expect(await setUp({ command: 'test', missing: [] })).to.deep.equal({ reason: null, shown: '', calls: [] });
  });

  it('updates the lists and installs all at once as root', async () => {
    const { reason, shown, calls } = await setUp({ command: 'demo', missing: ['softhsm2', 'firefox-esr'] });
    expect(reason).to.equal(null);
    expect(calls).to.deep.equal([UPDATE, `${INSTALL} softhsm2 firefox-esr`]);
    expect(shown).to.match(/Installing softhsm2 firefox-esr \(\d+ s\): done\n$/);
  });

  it('uses a sudo that asks nothing, and keeps apt from asking', async () => {
    const machine = { root: false, sudo: '[ "$1" = -n ] && exit 0; exec "$@"' };
    const { reason, calls } = await setUp({ command: 'test', missing: ['strace'], ...machine });
    expect(reason).to.equal(null);
    expect(calls[0]).to.equal('sudo -n true');
    expect(calls.slice(1)).to.deep.equal([
      `sudo env DEBIAN_FRONTEND=noninteractive ${UPDATE}`,
      UPDATE,
      `sudo env DEBIAN_FRONTEND=noninteractive ${INSTALL} strace`,
      `${INSTALL} strace`,
    ]);
  });

  it('prints the exact command where sudo would ask and nobody is there, and goes on without what is optional', async () => {
    const machine = { root: false, sudo: 'exit 1' };
    const { reason, shown, calls } = await setUp({ command: 'test', missing: ['firefox-esr'], ...machine });
    expect(reason).to.equal(null);
    expect(calls).to.deep.equal(['sudo -n true']);
    expect(shown).to.include('sudo apt-get update && sudo apt-get install -y --no-install-recommends firefox-esr\n');
    expect(shown).to.match(/These tests will be skipped:\n {2}integration\/sdk-firefox: needs firefox-esr\n$/);
  });

  it('ends where there is no sudo and something essential is missing', async () => {
    const { reason, shown, calls } = await setUp({ command: 'demo', missing: ['chromium', 'strace'], root: false });
    expect(reason).to.equal('Needed, and not there: chromium');
    expect(calls).to.deep.equal([]);
    expect(shown).to.include(
      'as root:\n  apt-get update && apt-get install -y --no-install-recommends chromium strace\n',
    );
  });

  it('installs the others where one group cannot be installed, and shows apt’s error without the noise', async () => {
    const aptGet = `case "$*" in *swtpm*)
      echo 'debconf: delaying package configuration, since apt-utils is not installed' >&2
      echo 'E: swtpm : Depends: nonsense' >&2; exit 100;; esac`;
    const { reason, shown, calls } = await setUp({ command: 'test', missing: ['softhsm2', 'swtpm', 'strace'], aptGet });
    expect(reason).to.equal(null);
    expect(calls).to.deep.equal([
      UPDATE,
      `${INSTALL} softhsm2 swtpm strace`,
      `${INSTALL} softhsm2`,
      `${INSTALL} swtpm`,
      `${INSTALL} strace`,
    ]);
    expect(shown).to.include('E: swtpm : Depends: nonsense');
    expect(shown).not.to.include('debconf');
    expect(shown).to.match(/These tests will be skipped:\n {2}contract\/tpm2: needs swtpm\n/);
  });

  it('tries once only where the lists could not be updated', async () => {
    const { reason, shown, calls } = await setUp({
      command: 'bench',
      missing: ['softhsm2', 'strace'],
      aptGet: `echo 'E: Could not resolve the host' >&2; exit 100`,
    });
    expect(reason).to.equal('Needed, and not there: softhsm2');
    expect(calls).to.deep.equal([UPDATE, `${INSTALL} softhsm2 strace`]);
    expect(shown).to.include('E: Could not resolve the host');
  });

  it('does not ask apt for an optional package that its lists do not know', async () => {
    const unknown = ['firefox-esr'];
    const { reason, shown, calls } = await setUp({ command: 'test', missing: ['firefox-esr', 'strace'], unknown });
    expect(reason).to.equal(null);
    expect(calls).to.deep.equal([UPDATE, `${INSTALL} strace`]);
    expect(shown).to.match(/These tests will be skipped:\n {2}integration\/sdk-firefox: needs firefox-esr\n/);
  });
});
