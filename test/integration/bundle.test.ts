/** The bundle that ships, run as it is installed: it finds its words, its tables and its token host, and knows no script. */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Script } from 'node:vm';
import { expect } from 'chai';
import { type FaultyCa, startFaultyCa } from '../doubles/faulty-ca.ts';
import { type AgentDesk, layAgentDesk } from '../stage/agent-desk.ts';
import { type BankDesk, openBankDesk } from '../stage/bank-desk.ts';
import { ownFolder } from '../stage/folder.ts';
import { objectsOn } from '../stage/witness.ts';

const DIST = resolve(import.meta.dirname, '../..');
const [SHIPPED, SCRIPTED] = [join(DIST, 'bundle'), join(DIST, 'bundle-scripted')];

type Ended = { readonly status: number; readonly json: unknown };

async function inkan(bundle: string, { environment }: AgentDesk, args: readonly string[]): Promise<Ended> {
  const program = [join(bundle, 'inkan.js'), ...args, '--json'];
  const ended = await promisify(execFile)(process.execPath, program, { env: environment }).then(
    ({ stdout }) => ({ status: 0, stdout }),
    (error: { code: number; stdout: string }) => ({ status: error.code, stdout: error.stdout }),
  );
  return { status: ended.status, json: JSON.parse(ended.stdout) };
}

describe('integration: the bundle', () => {
  const folder = ownFolder();
  let bank: BankDesk;
  let ca: FaultyCa;
  let desk: AgentDesk;
  let order: string;

  beforeEach(async () => {
    bank = await openBankDesk({ test: true });
    ca = await startFaultyCa(bank.authority);
    desk = layAgentDesk(folder());
    const { enrollment, ...profile } = bank.profile;
    desk.addProfile({ ...profile, enrollment: { customers: { ...enrollment['customers'], url: ca.url } } });
    order = join(folder(), 'order');
    writeFileSync(order, await bank.order());
  });
  afterEach(() => ca.close());

  const enroll = () => ['enroll', '--profile', bank.profile.id, '--order', order, '--scripted-human', desk.script];

  it('lists tokens by its own token host', async () => {
    const { status, json } = await inkan(SHIPPED, desk, ['tokens']);
    expect([status, (json as { label: string }[]).map(({ label }) => label)]).to.deep.equal([0, ['desk']]);
  });

  it('knows no scripted human, whatever it is told', async () => {
    const { status, json } = await inkan(SHIPPED, desk, enroll());
    expect(status).to.equal(1);
    expect((json as { error: { code: string } }).error.code).to.equal('ERR_POLICY_SCRIPTED_HUMAN_REFUSED');
    expect(objectsOn(desk, 'desk')).to.deep.equal([]);
    const texts = readdirSync(SHIPPED).filter((name) => name.endsWith('.js'));
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
    const environment = { ...desk.environment, HOME: folder(), NODE_PATH: join(folder(), 'elsewhere') };
    const { json } = await inkan(join(own, 'dist/bundle'), { ...desk, environment }, ['tokens']);
    expect([json, existsSync(ran)]).to.deep.equal([[], false]);
  });

  describe('compiled ahead', () => {
    const labels = async (bundle: string) => {
      const { json } = await inkan(bundle, desk, ['tokens']);
      return (json as { label: string }[]).map(({ label }) => label);
    };
    const compiled = (bundle: string) => readdirSync(bundle).filter((name) => name.endsWith('.cache'));

    /** As a package is installed: without what was compiled where it was built. */
    function installed(): string {
      const own = join(folder(), 'installed');
      mkdirSync(join(own, 'dist'), { recursive: true });
      cpSync(SHIPPED, join(own, 'dist/bundle'), { recursive: true, filter: (name) => !name.endsWith('.cache') });
      for (const name of ['package.json', 'node_modules']) symlinkSync(resolve(DIST, '..', name), join(own, name));
      return join(own, 'dist/bundle');
    }
    const compile = (bundle: string) =>
      promisify(execFile)(process.execPath, [resolve(DIST, '../agent/bundle/compile.cjs'), bundle], { env: {} });

    it('has for each piece what this Node takes', () => {
      const pieces = readdirSync(SHIPPED).filter((name) => name.endsWith('.piece.js'));
      expect(pieces).not.to.have.lengthOf(0);
      for (const piece of pieces) {
        const [cache = ''] = compiled(SHIPPED).filter((name) => name.startsWith(`${piece}.`));
        const cachedData = readFileSync(join(SHIPPED, cache));
        const { cachedDataRejected } = new Script(readFileSync(join(SHIPPED, piece), 'latin1'), { cachedData });
        expect(cachedDataRejected, piece).to.equal(false);
      }
    });

    it('is so by the installation, and runs before it too', async () => {
      const bundle = installed();
      expect([compiled(bundle), await labels(bundle)]).to.deep.equal([[], ['desk']]);
      await compile(bundle);
      expect([compiled(bundle), await labels(bundle)]).to.deep.equal([compiled(SHIPPED), ['desk']]);
    });

    it('by another Node, or cut short, is compiled anew', async () => {
      const bundle = installed();
      await compile(bundle);
      for (const [at, name] of compiled(bundle).entries()) {
        const whole = readFileSync(join(bundle, name));
        // The second word of the header is the hash of V8's version.
        const other = Buffer.concat([whole.subarray(0, 4), Buffer.alloc(4), whole.subarray(8)]);
        writeFileSync(join(bundle, name), at % 2 === 0 ? other : whole.subarray(0, whole.length / 2));
      }
      expect(await labels(bundle)).to.deep.equal(['desk']);
    });

    it('is not where that fails: the installation says so, and goes on', async () => {
      const { stderr } = await compile(join(DIST, 'agent'));
      expect(stderr).to.include('starts will be slower');
    });
  });

  it('enrolls, where its twin for tests is given a script', async () => {
    const { status, json } = await inkan(SCRIPTED, desk, enroll());
    expect([status, (json as { state: string }).state]).to.deep.equal([0, 'completed']);
    expect(objectsOn(desk, 'desk').filter((line) => line.startsWith('Certificate'))).not.to.have.lengthOf(0);
  });
});
