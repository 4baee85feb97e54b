import { expect } from 'chai';
import {
  commandLine,
  consequence,
  errorsOf,
  type Group,
  listOf,
  missingGroups,
  packagesOf,
  privilegeOn,
  statusOf,
} from '../../setup/packages.mjs';

const none = (): boolean => false;

const firefox: Group = {
  purpose: 'the SDK in Firefox',
  packages: ['firefox-esr'],
  neededBy: [],
  tests: 'integration/sdk-firefox',
};
const softhsm: Group = { purpose: 'a token', packages: ['softhsm2'], neededBy: ['demo', 'test'] };

describe('the system packages that are missing', () => {
  it('are the same list for the demo, the tests and the bench, Firefox among them', () => {
    const [demo, test, bench] = (['demo', 'test', 'bench'] as const).map((name) => missingGroups(name, none));
    expect(packagesOf(demo ?? [])).to.include.members(['g++', 'softhsm2', 'chromium', 'xvfb', 'curl', 'firefox-esr']);
    expect(test).to.deep.equal(demo);
    expect(bench).to.deep.equal(demo);
  });

  it('name each package once', () => {
    const names = packagesOf(missingGroups('test', none));
    expect(new Set(names).size).to.equal(names.length);
  });

  it('are for a token test only what that needs', () => {
    expect(packagesOf(missingGroups('token', none))).to.have.members(['python3', 'make', 'g++', 'openssl']);
  });

  it('leave out what is installed, and a group of which all is', () => {
    const missing = missingGroups('screenshots', (name) =>
      ['python3', 'make', 'openssl', 'softhsm2', 'opensc'].includes(name),
    );
    expect(packagesOf(missing)).to.deep.equal(['g++', 'chromium', 'fonts-noto-cjk']);
    expect(missingGroups('test', () => true)).to.deep.equal([]);
  });

  it('stand in a list that says what each is for', () => {
    expect(listOf([softhsm, firefox], 'demo')).to.equal(
      [
        'Missing system packages for the demo, the tests and the bench:',
        '  a token              softhsm2',
        '  the SDK in Firefox   firefox-esr',
      ].join('\n'),
    );
    expect(listOf([softhsm], 'screenshots')).to.match(/^Missing system packages:\n/);
  });

  it('say what tests are skipped where none of them is essential', () => {
    expect(consequence([firefox], 'test')).to.deep.equal({
      mustEnd: false,
      text: 'These tests will be skipped:\n  integration/sdk-firefox: needs firefox-esr',
    });
    expect(consequence([firefox], 'demo')).to.deep.equal({
      mustEnd: false,
      text: 'What is missing is not needed now.',
    });
  });

  it('end the command where one is essential to it, and only then', () => {
    expect(consequence([softhsm, firefox], 'demo')).to.deep.equal({
      mustEnd: true,
      text: 'Needed, and not there: softhsm2',
    });
    expect(consequence([softhsm], 'bench').mustEnd).to.equal(false);
  });

  it('which no command needs name the tests that are skipped without them', () => {
    const optional = missingGroups('test', none).filter(({ neededBy }) => neededBy.length === 0);
    expect(optional.length).to.be.greaterThan(5);
    for (const { tests } of optional) expect(tests).to.match(/^(unit|contract|integration)\//);
  });
});

describe('how apt may be run', () => {
  const unasked = (): boolean => {
    throw new Error('sudo was asked');
  };
  const user = { isRoot: false, hasSudo: true, asksNothing: none, hasTerminal: true };

  it('is directly by root, who is not asked about sudo', () => {
    expect(privilegeOn({ ...user, isRoot: true, asksNothing: unasked })).to.equal('root');
  });

  it('is with sudo where that asks for no password, terminal or not', () => {
    expect(privilegeOn({ ...user, asksNothing: () => true, hasTerminal: false })).to.equal('sudo');
  });

  it('is with sudo and a password only at a terminal', () => {
    expect(privilegeOn(user)).to.equal('sudo with a password');
    expect(privilegeOn({ ...user, hasTerminal: false })).to.equal('none');
  });

  it('is not at all without sudo', () => {
    expect(privilegeOn({ ...user, hasSudo: false, asksNothing: unasked })).to.equal('none');
  });

  it('is shown as the exact command, which updates the lists first', () => {
    const install = 'install -y --no-install-recommends a b';
    expect(commandLine(['a', 'b'], false)).to.equal(`apt-get update && apt-get ${install}`);
    expect(commandLine(['a', 'b'], true)).to.equal(`sudo apt-get update && sudo apt-get ${install}`);
  });
});

describe('what apt writes', () => {
  it('is shown without the noise of debconf', () => {
    const stderr = [
      'debconf: delaying package configuration, since apt-utils is not installed',
      'debconf: unable to initialize frontend: Dialog',
      'dpkg-preconfigure: unable to re-open stdin: ',
      'E: Unable to locate package nonsense',
      '',
    ].join('\n');
    expect(errorsOf({ stdout: 'Reading package lists...', stderr })).to.equal('E: Unable to locate package nonsense');
  });

  it('is shown by its last lines where no error is told', () => {
    const stdout = [...Array.from({ length: 12 }, (_, at) => `line ${at}`), 'pmstatus:a:50.0:Unpacking a', ''].join(
      '\n',
    );
    const shown = errorsOf({ stdout, stderr: 'debconf: falling back to frontend: Readline\n' }).split('\n');
    expect(shown).to.deep.equal(Array.from({ length: 10 }, (_, at) => `line ${at + 2}`));
  });

  it('tells how far it is', () => {
    expect(statusOf('pmstatus:softhsm2:33.3333:Unpacking softhsm2 (amd64)')).to.equal(
      '33 %  Unpacking softhsm2 (amd64)',
    );
    expect(statusOf('pmstatus:libc6:amd64:7.9:Preparing libc6:amd64')).to.equal('7 %  Preparing libc6:amd64');
    expect(statusOf('dlstatus:1:20.0:Retrieving file 1 of 5')).to.equal('20 %  Retrieving file 1 of 5');
    expect(statusOf('Get:1 http://deb.example bookworm/main amd64 a')).to.equal(undefined);
  });
});
