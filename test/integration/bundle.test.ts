/** The bundle that ships, run as it is installed: it finds its words, its tables and its token host, and knows no script. */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { type FaultyCa, startFaultyCa } from '../doubles/faulty-ca.ts';
import { type CustomerPc, setUpPc } from '../stage/customer-pc.ts';
import { ownFolder } from '../stage/folder.ts';
import { openTestBank, type TestBank } from '../stage/test-bank.ts';
import { objectsOn } from '../stage/witness.ts';

const DIST = resolve(import.meta.dirname, '../..');
const [SHIPPED, SCRIPTED] = [join(DIST, 'bundle'), join(DIST, 'bundle-scripted')];

type Ended = { readonly status: number; readonly json: unknown };

async function inkan(bundle: string, { environment }: CustomerPc, args: readonly string[]): Promise<Ended> {
  const program = [join(bundle, 'agent/cli/index.js'), ...args, '--json'];
  const ended = await promisify(execFile)(process.execPath, program, { env: environment }).then(
    ({ stdout }) => ({ status: 0, stdout }),
    (error: { code: number; stdout: string }) => ({ status: error.code, stdout: error.stdout }),
  );
  return { status: ended.status, json: JSON.parse(ended.stdout) };
}

describe('integration: the bundle', () => {
  const folder = ownFolder();
  let bank: TestBank;
  let ca: FaultyCa;
  let pc: CustomerPc;
  let order: string;

  beforeEach(async () => {
    bank = await openTestBank({ test: true });
    ca = await startFaultyCa(bank.authority);
    pc = setUpPc(folder());
    const { enrollment, ...profile } = bank.profile;
    pc.addProfile({ ...profile, enrollment: { customers: { ...enrollment['customers'], url: ca.url } } });
    order = join(folder(), 'order');
    writeFileSync(order, await bank.order());
  });
  afterEach(() => ca.close());

  const enroll = () => ['enroll', '--profile', bank.profile.id, '--order', order, '--scripted-human', pc.script];

  it('lists tokens by its own token host', async () => {
    const { status, json } = await inkan(SHIPPED, pc, ['tokens']);
    expect([status, (json as { label: string }[]).map(({ label }) => label)]).to.deep.equal([0, ['desk']]);
  });

  it('knows no scripted human, whatever it is told', async () => {
    const { status, json } = await inkan(SHIPPED, pc, enroll());
    expect(status).to.equal(1);
    expect((json as { error: { code: string } }).error.code).to.equal('ERR_POLICY_SCRIPTED_HUMAN_REFUSED');
    expect(objectsOn(pc, 'desk')).to.deep.equal([]);
    const names = readdirSync(SHIPPED, { recursive: true, encoding: 'utf8' });
    const texts = names.filter((name) => name.endsWith('.js'));
    for (const name of texts) expect(readFileSync(join(SHIPPED, name), 'utf8'), name).not.to.include('pinFile');
  });

  it('loads the addon that was installed with it, and none from the home or from NODE_PATH', async () => {
    const own = join(folder(), 'installed');
    mkdirSync(join(own, 'dist'), { recursive: true });
    cpSync(SHIPPED, join(own, 'dist/bundle'), { recursive: true });
    cpSync(resolve(DIST, '../package.json'), join(own, 'package.json'));
    const ran = join(folder(), 'ran');
    for (const place of ['.node_modules', 'elsewhere']) {
      mkdirSync(join(folder(), place, 'pkcs11js'), { recursive: true });
      const strange = `require('fs').writeFileSync(${JSON.stringify(ran)}, '');`;
      writeFileSync(join(folder(), place, 'pkcs11js/index.js'), strange);
    }
    const environment = { ...pc.environment, HOME: folder(), NODE_PATH: join(folder(), 'elsewhere') };
    const { json } = await inkan(join(own, 'dist/bundle'), { ...pc, environment }, ['tokens']);
    expect([json, existsSync(ran)]).to.deep.equal([[], false]);
  });

  it('runs in a folder of its own name and place, with nothing beside it but its packages', async () => {
    const own = join(folder(), '電子 証明書');
    mkdirSync(own);
    cpSync(SHIPPED, join(own, 'program'), { recursive: true });
    symlinkSync(resolve(DIST, '../node_modules'), join(own, 'node_modules'));
    const { json } = await inkan(join(own, 'program'), pc, ['tokens']);
    expect((json as { label: string }[]).map(({ label }) => label)).to.deep.equal(['desk']);
  });

  it('is code and what it reads: nothing that was compiled ahead lies beside it', () => {
    const files = readdirSync(SHIPPED, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    expect(
      files.map(({ name }) => extname(name)).filter((end) => !['.js', '.json', '.so'].includes(end)),
    ).to.deep.equal([]);
  });

  it('enrolls, where its twin for tests is given a script', async () => {
    const { status, json } = await inkan(SCRIPTED, pc, enroll());
    expect([status, (json as { state: string }).state]).to.deep.equal([0, 'completed']);
    expect(objectsOn(pc, 'desk').filter((line) => line.startsWith('Certificate'))).not.to.have.lengthOf(0);
  });
});
