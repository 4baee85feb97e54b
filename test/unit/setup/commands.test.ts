import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { COMMANDS, type CommandName, isCommand, readArguments, SUITES, usage } from '../../setup/commands.mjs';

const ROOT = resolve(import.meta.dirname, '../../../..');

const flawOf = (name: CommandName, ...args: string[]): string | undefined => {
  const read = readArguments(name, args);
  return 'flaw' in read ? read.flaw : undefined;
};

/** As a person starts it: `npm run` adds nothing but the command's own name. */
const setUp = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [resolve(ROOT, 'test/setup.mjs'), ...args], { encoding: 'utf8', env: { PATH: '' } });

describe('the arguments of npm test, npm run demo and the others', () => {
  it('are given back by option, each with all its values, and by word', () => {
    const args = ['--module', '/m.so', '--env', 'A=1', '--env=B=2', '--slot', '3'];
    expect(readArguments('token', args)).to.deep.equal({
      given: { module: ['/m.so'], env: ['A=1', 'B=2'], slot: ['3'] },
      words: [],
    });
    expect(readArguments('test', ['unit', '--coverage', 'end to end'])).to.deep.equal({
      given: { coverage: [''] },
      words: ['unit', 'end to end'],
    });
    expect(readArguments('bench', [])).to.deep.equal({ given: {}, words: [] });
  });

  it('take a value that begins with a hyphen only when it is joined by =', () => {
    expect(flawOf('token', '--module', '--slot', '3')).to.equal('--module needs a value: --module PATH.');
    expect(readArguments('token', ['--module=/m.so', '--parameters=-x'])).to.deep.equal({
      given: { module: ['/m.so'], parameters: ['-x'] },
      words: [],
    });
  });

  it('are refused in a sentence that names the wrong one', () => {
    expect(flawOf('demo', '--silent')).to.equal('There is no option --silent.');
    expect(flawOf('demo', '-x')).to.equal('There is no option -x.');
    expect(flawOf('demo', '--constructor')).to.equal('There is no option --constructor.');
    expect(flawOf('demo', '--auto=1')).to.equal('--auto takes no value.');
    expect(flawOf('screenshots', 'all')).to.equal('all has no meaning here.');
    expect(flawOf('test', 'unit', 'units')).to.equal('There is no suite units.');
    expect(flawOf('bench', 'start up')).to.equal('There is no topic "start up".');
    expect(flawOf('token')).to.equal('--module is needed.');
    expect(flawOf('token', '--module')).to.equal('--module needs a value: --module PATH.');
    expect(flawOf('token', '--module', '/m.so', '--slot', 'first')).to.match(
      /^--slot does not take first\. --slot N: /,
    );
    expect(flawOf('token', '--module', '/m.so', '--env', 'A')).to.match(/^--env does not take A\. --env NAME=VALUE: /);
    expect(flawOf('token', '--module', '/m.so', '--means', 'wood')).to.match(/^--means does not take wood\. /);
  });

  it('ask for help with --help or -h, whatever else is missing', () => {
    for (const name of Object.keys(COMMANDS).filter(isCommand))
      for (const help of ['--help', '-h']) expect(readArguments(name, [help])).to.deep.equal({ help: true });
  });

  it('are all named in the usage, with the words that may be given', () => {
    expect(usage('token')).to.match(/^usage: npm run test:token -- --module PATH \[--slot N\]/);
    for (const name of Object.keys(COMMANDS).filter(isCommand)) {
      const { options, words } = COMMANDS[name];
      for (const option of [...Object.keys(options), 'help']) expect(usage(name)).to.include(`\n  --${option}`);
      for (const word of words?.among ?? []) expect(usage(name)).to.include(word);
    }
  });

  it('name exactly the suites that test/run.mjs runs', () => {
    const source = readFileSync(resolve(ROOT, 'test/run.mjs'), 'utf8');
    const names = [...source.matchAll(/\{ name: '([^']+)'/g)].map(([, name]) => name);
    expect(names).to.have.members([...SUITES]);
  });
});

describe('the set-up, called wrongly or for help', function () {
  this.timeout(60_000);

  it('answers --help with 0 and without installing anything', () => {
    for (const name of Object.keys(COMMANDS).filter(isCommand))
      expect(setUp(name, '--help')).to.include({ status: 0, stdout: `${usage(name)}\n`, stderr: '' });
    expect(setUp('--help')).to.include({ status: 0, stderr: '' });
  });

  it('answers a wrong option with 2, in words and with the usage', () => {
    for (const name of Object.keys(COMMANDS).filter(isCommand))
      expect(setUp(name, '--nonsense')).to.include({
        status: 2,
        stdout: '',
        stderr: `There is no option --nonsense.\n\n${usage(name)}\n`,
      });
  });

  it('answers a command that does not exist with 2', () => {
    const { status, stderr } = setUp('demos');
    expect(status).to.equal(2);
    expect(stderr).to.match(/^There is no command demos\.\n\nusage: /);
    expect(setUp().stderr).to.match(/^Which command\?\n\nusage: /);
  });

  it('answers the same when the program itself is started', () => {
    for (const name of Object.keys(COMMANDS).filter(isCommand)) {
      const program = resolve(ROOT, COMMANDS[name].program[0] ?? '');
      const { status, stdout, stderr } = spawnSync(process.execPath, [program, '--nonsense'], {
        encoding: 'utf8',
        timeout: 30_000,
      });
      expect({ status, stdout, stderr }).to.deep.equal({
        status: 2,
        stdout: '',
        stderr: `There is no option --nonsense.\n\n${usage(name)}\n`,
      });
    }
  });
});
