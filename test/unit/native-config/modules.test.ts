/** A11: whoever can write a module's file, or a folder above it, or a link to it, could have any code run beside a PIN. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createTokens } from '../../../agent/token/token.ts';
import { checkModulePath } from '../../../native-config/module-path.ts';
import { findModules } from '../../../native-config/modules.ts';
import { AgentError } from '../../../web-bridge/protocol/errors.ts';
import { refused } from '../../stage/refusal.ts';
import { skip } from '../../stage/skip.ts';

describe('paths of PKCS#11 modules', () => {
  let folder: string;
  let good: string;

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'inkan-modules-')));
    good = join(folder, 'module.so');
    writeFileSync(good, 'not really', { mode: 0o644 });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const codeOf = async (path: string): Promise<string> => {
    try {
      return await checkModulePath(path);
    } catch (error) {
      return error instanceof AgentError ? error.code : String(error);
    }
  };

  it('are taken when they are ours alone, below a sticky folder too, and come back resolved', async () => {
    expect(await codeOf(good)).to.equal(good);
    symlinkSync(good, join(folder, 'link.so'));
    expect(await codeOf(join(folder, 'link.so'))).to.equal(good);
  });

  it('must be absolute and plain', async () => {
    for (const path of ['module.so', './module.so', '', `${folder}/../${folder.split('/').at(-1)}/module.so`]) {
      expect(await codeOf(path), path).to.equal('ERR_MODULE_UNSAFE');
    }
  });

  it('are refused by a reason for everybody, and the path in the cause alone', async () => {
    const refusal = async (path: string) => {
      const { code, details, cause } = await refused(checkModulePath(path));
      return [code, details['reason'], cause instanceof Error ? cause.message : undefined];
    };
    expect(await refusal('m.so')).to.deep.equal(['ERR_MODULE_UNSAFE', 'not an absolute path', 'm.so']);
    expect(await refusal('/a/../m.so')).to.deep.equal(['ERR_MODULE_UNSAFE', 'not a plain path', '/a/../m.so']);
    chmodSync(good, 0o666);
    const flaw = `${good} may be written by others`;
    expect(await refusal(good)).to.deep.equal(['ERR_MODULE_UNSAFE', 'others could change it', flaw]);
    // The sticky bit is for folders: in a file it keeps nobody from writing.
    chmodSync(good, 0o1666);
    expect(await refusal(good)).to.deep.equal(['ERR_MODULE_UNSAFE', 'others could change it', flaw]);
  });

  it('must be there', async () => {
    expect(await codeOf(join(folder, 'other.so'))).to.equal('ERR_MODULE_MISSING');
  });

  it('are refused when the file, a folder, or the folder of a link may be written by others', async () => {
    for (const mode of [0o664, 0o646, 0o666]) {
      chmodSync(good, mode);
      expect(await codeOf(good), mode.toString(8)).to.equal('ERR_MODULE_UNSAFE');
    }
    chmodSync(good, 0o644);
    const open = join(folder, 'open');
    mkdirSync(join(open, 'below'), { recursive: true });
    copyFileSync(good, join(open, 'below', 'module.so'));
    symlinkSync(good, join(open, 'link.so'));
    chmodSync(open, 0o777);
    expect(await codeOf(join(open, 'below', 'module.so'))).to.equal('ERR_MODULE_UNSAFE');
    expect(await codeOf(join(open, 'link.so'))).to.equal('ERR_MODULE_UNSAFE');
  });

  it('are refused when they belong to another user', async function () {
    if (process.getuid?.() !== 0) skip(this, 'only root can give a file away');
    chownSync(good, 65534, 65534);
    expect(await codeOf(good)).to.equal('ERR_MODULE_UNSAFE');
  });

  it('from agent.json come first, are not opened twice, and not at all when they are forbidden', async () => {
    const facts: string[] = [];
    const config = {
      version: 1 as const,
      modules: [{ path: good, environment: { A: '1' } }],
      forbidden: [] as string[],
    };
    const report = (fact: string, details: Readonly<Record<string, unknown>>) =>
      void facts.push(`${fact} ${String(details['code'])}`);
    const found = await findModules(config, report);
    expect(found[0]).to.deep.equal({ path: good, environment: { A: '1' } });
    expect(new Set(found.map(({ path }) => path)).size).to.equal(found.length);
    expect(facts).to.deep.equal([]);
    const without = await findModules({ ...config, forbidden: found.map(({ path }) => path) }, report);
    expect(without).to.deep.equal([]);
    await findModules({ ...config, modules: [{ path: join(folder, 'gone.so'), environment: {} }] }, report);
    expect(facts).to.deep.equal(['module left out ERR_MODULE_MISSING']);
  });

  describe("of the user's p11-kit", () => {
    const { HOME } = process.env;
    beforeEach(() => {
      process.env['HOME'] = folder;
      const configured = join(folder, '.config/pkcs11/modules');
      mkdirSync(configured, { recursive: true });
      writeFileSync(join(configured, 'one.module'), `module: ${good}\n`, { mode: 0o644 });
    });
    afterEach(() => {
      process.env['HOME'] = HOME;
    });
    const environment = { A: '1' };
    const found = async (modules: readonly string[], forbidden: string[] = []) => {
      const config = { version: 1 as const, modules: modules.map((path) => ({ path, environment })), forbidden };
      return (await findModules(config, () => {})).filter(({ path }) => path.startsWith(folder));
    };

    it('are found, after those of agent.json, and not a second time', async () => {
      const other = join(folder, 'other.so');
      writeFileSync(other, '', { mode: 0o644 });
      expect(await found([other])).to.deep.equal([
        { path: other, environment },
        { path: good, environment: {} },
      ]);
      expect(await found([good])).to.deep.equal([{ path: good, environment }]);
    });

    it('are left out where agent.json forbids them', async () => {
      expect(await found([], [good])).to.deep.equal([]);
    });
  });

  it('are reported with the reason where they are not taken', async () => {
    chmodSync(good, 0o666);
    const facts: unknown[] = [];
    const config = { version: 1 as const, modules: [{ path: good, environment: {} }], forbidden: [] };
    await findModules(config, (fact, details) => void facts.push([fact, details]));
    const details = { code: 'ERR_MODULE_UNSAFE', reason: 'others could change it' };
    const cause = `${good} may be written by others`;
    expect(facts).to.deep.equal([['module left out', { module: good, ...details, cause }]]);
  });

  it('are looked at by the host too: a canary that others may write is never loaded', async function () {
    this.timeout(10_000);
    const sign = join(folder, 'sings');
    const source = `#include <stdio.h>\n__attribute__((constructor)) static void sing(void) { fclose(fopen("${sign}", "w")); }\n`;
    const canary = join(folder, 'canary.so');
    execFileSync('cc', ['-shared', '-fPIC', '-x', 'c', '-o', canary, '-'], { input: source, stdio: 'pipe' });
    const facts: Readonly<Record<string, unknown>>[] = [];
    const tokens = createTokens({
      modules: async () => [{ path: canary, environment: {} }],
      dialog: { language: 'en', timeoutMs: 1000 },
      profileFolders: [],
      environment: process.env,
      report: (_fact, details) => void facts.push(details),
    });
    const list = () => tokens.list(new AbortController().signal);
    chmodSync(canary, 0o777);
    expect(await list()).to.deep.equal([]);
    expect(facts[0]?.['code']).to.equal('ERR_MODULE_UNSAFE');
    expect(existsSync(sign)).to.equal(false);
    chmodSync(canary, 0o755);
    expect(await list()).to.deep.equal([]);
    expect(facts[1]?.['code']).to.equal('ERR_MODULE_LOAD_FAILED');
    expect(existsSync(sign), 'it sings when it is loaded').to.equal(true);
  });
});
