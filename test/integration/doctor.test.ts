/** `inkan doctor` at a PC where everything that names its owner is known: what it shows them, and what may go to the bank. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { setUpTokenTests, type TokenSetup } from '../contract/token-setup.ts';
import { buildFaultyModule } from '../doubles/faulty-module.ts';

const CLI = resolve(import.meta.dirname, '../../agent/cli/index.js');
const OWNER = 'suzuki-hanako';
const LABEL = 'Suzuki Hanako';
const LOCKED = 'C_GetTokenInfo:*:flag-0x40000';

type Finding = { check: string; ok: boolean; fact?: string; remarks?: string[]; code?: string; shared?: string };
type Form = { findings: Finding[]; machine?: string };

describe('inkan doctor', function () {
  this.timeout(60_000);
  let setup: TokenSetup;
  let environment: NodeJS.ProcessEnv;
  let serialNumber: string;
  let evil: string;

  before(async () => {
    setup = setUpTokenTests();
    const home = join(setup.folder, 'home', OWNER);
    const config = join(home, '.config', 'inkan');
    mkdirSync(join(config, 'profiles'), { recursive: true, mode: 0o700 });
    const faulty = buildFaultyModule(setup.folder, [LABEL]);
    const [token] = await setup.tokens([faulty.planned('')]).list(new AbortController().signal);
    serialNumber = token!.serialNumber;
    evil = join(home, 'evil.so');
    writeFileSync(evil, '');
    chmodSync(evil, 0o666);
    const modules = [faulty.planned(LOCKED), { path: evil, environment: {} }];
    writeFileSync(join(config, 'agent.json'), JSON.stringify({ version: 1, modules }), { mode: 0o600 });
    const profile = readFileSync(join(setup.folder, 'profiles', 'test-bank.json'), 'utf8');
    const own = profile.replace('test-bank', `bank-of-${OWNER}`).replace('ca.example', 'ca.invalid');
    writeFileSync(join(config, 'profiles', 'own.json'), own, { mode: 0o600 });
    environment = { PATH: process.env['PATH'], HOME: home, LANG: 'en_US.UTF-8' };
  });
  after(() => setup.leave());

  const doctor = (...args: string[]): Promise<string> =>
    new Promise((done) => {
      execFile(process.execPath, [CLI, 'doctor', ...args], { env: environment }, (_, stdout) => done(stdout));
    });
  const of = ({ findings }: Form, check: string): Finding[] => findings.filter((finding) => finding.check === check);

  it('says what was found and what was refused, and why, with the state of the PIN', async () => {
    const form = JSON.parse(await doctor('--json')) as Form;
    const token = of(form, 'tokens').find(({ fact }) => fact?.includes(LABEL));
    expect(token?.fact).to.include(serialNumber).and.include('rsa-2048').and.include('SoftHSM');
    expect(token?.remarks).to.include('pinLocked');
    const refused = of(form, 'modules').find(({ code }) => code === 'ERR_MODULE_UNSAFE');
    expect(refused?.fact).to.include(evil).and.include('others could change it');
    expect(of(form, 'profiles')[0]?.fact).to.include(`bank-of-${OWNER}`);
    expect(of(form, 'ports')).to.have.lengthOf(3);
    expect(of(form, 'clock')[0]?.code).to.equal('ERR_CA_UNREACHABLE');
    expect(form.findings.some(({ shared }) => shared !== undefined)).to.equal(false);
  });

  it('is readable first', async () => {
    const text = await doctor();
    expect(text).to.match(new RegExp(`✓ USB token .*${LABEL}.*the PIN is locked`));
    expect(text).to.match(/✗ Module .*\n(.*\n)*?.*Support code M02/);
  });

  it('has a form for the bank, with what helps and nothing that tells whose PC it is', async () => {
    const forms = await Promise.all([doctor('--support'), doctor('--support', '--json')]);
    const personal = [
      serialNumber,
      LABEL,
      'Suzuki',
      'Hanako',
      OWNER,
      setup.folder,
      'home',
      'ca.invalid',
      'localhost',
      '73915846',
      'evil',
    ];
    for (const form of forms) {
      for (const text of personal) expect(form.toLowerCase(), text).to.not.include(text.toLowerCase());
      expect(form)
        .to.include('SoftHSM')
        .and.include('rsa-2048')
        .and.include('M02')
        .and.include('others could change it');
    }
    const form = JSON.parse(forms[1]) as Form;
    expect(form.machine)
      .to.match(/^Inkan \d/)
      .and.include(process.platform);
    expect(of(form, 'tokens').some(({ remarks }) => remarks?.includes('pinLocked'))).to.equal(true);
  });
});
