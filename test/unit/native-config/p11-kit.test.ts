/** What pkcs11.conf(5) says of the files in which p11-kit's modules are configured. */
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { linux } from '../../../agent/platform/linux.ts';
import { checkModulePath } from '../../../native-config/module-path.ts';
import { p11KitFolders, readP11Kit } from '../../../native-config/p11-kit.ts';
import { refusalOf } from '../../stage/refusal.ts';

const PLACES = linux.p11Kit ?? { system: '', packages: '', modules: [] };

describe("p11-kit's configuration", () => {
  let folder: string;
  let user: string;
  let system: string;
  let modules: string;

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'inkan-p11-kit-')));
    [user, system, modules] = ['user', 'system', 'modules'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const path of [user, system, modules]) mkdirSync(path, { mode: 0o700 });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const write = (where: string, name: string, text: string): void =>
    writeFileSync(join(where, name), text, { mode: 0o644 });
  const read = () => readP11Kit({ configurations: [user, system], modules: [join(folder, 'no-such'), modules] });
  const reasonFor = async (text: string): Promise<string | undefined> => {
    write(system, 'one.module', text);
    return (await read()).leftOut[0]?.reason;
  };

  it('names modules by absolute path, or relative to the folder of modules', async () => {
    write(modules, 'b.so', '');
    write(system, 'a.module', '# a comment\n\n  module :  /opt/a.so  \ncritical: no\n');
    write(system, 'b.module', 'module:b.so\npriority: 5\n');
    expect(await read()).to.deep.equal({ paths: ['/opt/a.so', join(modules, 'b.so')], leftOut: [] });
  });

  it('is left out where it says so: run elsewhere, a relay, blank, trust anchors, other programs', async () => {
    const module = 'module: /opt/a.so\n';
    expect(await reasonFor(`${module}remote: |ssh user@host p11-kit remote /opt/a.so\n`)).to.match(/^remote/);
    expect(await reasonFor('module: /usr/lib/pkcs11/p11-kit-client.so\n')).to.equal('module: is a relay');
    expect(await reasonFor('module: p11-kit-client.so\n')).to.equal('module: is a relay');
    expect(await reasonFor('module:\n')).to.match(/blank/);
    expect(await reasonFor(`${module}trust-policy: yes\n`)).to.match(/^trust-policy/);
    expect(await reasonFor(`${module}disable-in: firefox, inkan\n`)).to.match(/^disable-in/);
    expect(await reasonFor(`${module}enable-in: seahorse ssh\n`)).to.match(/^enable-in/);
    expect((await read()).paths).to.deep.equal([]);
    expect(await reasonFor(`${module}disable-in: node\n`)).to.match(/^disable-in/);
    expect(await reasonFor(`${module}enable-in: ssh,inkan\n`)).to.equal(undefined);
    expect(await reasonFor(`${module}disable-in: p11-kit-proxy\n`)).to.equal(undefined);
    expect((await read()).paths).to.deep.equal(['/opt/a.so']);
  });

  it("is the user's before the system's, setting by setting: a blank module takes one away", async () => {
    write(system, 'a.module', 'module: /opt/a.so\n');
    write(system, 'b.module', 'module: /opt/b.so\ndisable-in: inkan\n');
    write(user, 'a.module', 'module:\n');
    write(user, 'b.module', 'disable-in: firefox\n');
    const { paths, leftOut } = await read();
    expect(paths).to.deep.equal(['/opt/b.so']);
    expect(leftOut.map(({ file }) => file)).to.deep.equal(['a.module']);
  });

  it('is not read from a file that others may write, nor from one of another name', async () => {
    write(system, 'a.module', 'module: /opt/a.so\n');
    chmodSync(join(system, 'a.module'), 0o666);
    for (const name of ['.hidden.module', 'b.module.rpmsave', '-c.module']) write(system, name, 'module: /opt/b.so\n');
    expect(await read()).to.deep.equal({
      paths: [],
      leftOut: [{ file: 'a.module', reason: 'others could change it' }],
    });
  });

  it('keeps a `..` as it is, so that the rules for paths refuse it', async () => {
    write(system, 'a.module', 'module: ../evil.so\n');
    const [path] = (await read()).paths;
    expect(path).to.equal(`${join(folder, 'no-such')}/../evil.so`);
    expect(await refusalOf(checkModulePath(path ?? ''))).to.equal('ERR_MODULE_UNSAFE');
  });

  it('survives what is no configuration: folders, dangling links, bytes', async () => {
    mkdirSync(join(system, 'folder.module'));
    symlinkSync(join(folder, 'nowhere'), join(system, 'link.module'));
    writeFileSync(join(system, 'bytes.module'), Buffer.from([0, 255, 10, 58, 58, 10]), { mode: 0o644 });
    expect((await read()).paths).to.deep.equal([]);
    const { leftOut } = await read();
    expect(leftOut.map(({ file, reason }) => `${file}: ${reason}`).sort()).to.deep.equal([
      'bytes.module: module: is blank',
      'folder.module: cannot be read',
      'link.module: cannot be read',
    ]);
    expect(await readP11Kit({ configurations: [join(folder, 'none')], modules: [] })).to.deep.equal({
      paths: [],
      leftOut: [],
    });
  });

  it('is read up to 64 KiB of a file', async () => {
    const setting = 'module: /opt/a.so';
    const comment = (bytes: number) => `${'#'.repeat(bytes - 1)}\n`;
    write(system, 'a.module', comment(64 * 1024 - setting.length) + setting);
    expect((await read()).paths).to.deep.equal(['/opt/a.so']);
    write(system, 'a.module', comment(64 * 1024 - setting.length + 1) + setting);
    expect((await read()).paths).to.deep.equal(['/opt/a.s']);
    write(system, 'a.module', comment(64 * 1024) + setting);
    expect((await read()).paths).to.deep.equal([]);
  });

  it('lies in the folders that pkcs11.conf(5) names, its modules where distributions put them', async () => {
    const { configurations, modules } = await p11KitFolders('/home/someone', { ...PLACES, system });
    expect(configurations).to.deep.equal([
      '/home/someone/.config/pkcs11/modules',
      join(system, 'modules'),
      '/usr/share/p11-kit/modules',
    ]);
    expect(modules).to.include.members([
      '/usr/lib/x86_64-linux-gnu/pkcs11',
      '/usr/lib/aarch64-linux-gnu/pkcs11',
      '/usr/lib64/pkcs11',
      '/usr/lib/pkcs11',
      '/usr/local/lib/pkcs11',
      '/opt/homebrew/lib/pkcs11',
    ]);
  });

  it("leaves out the user's folder, or all others, where the system says so", async () => {
    const configured = async (text: string): Promise<readonly string[]> => {
      write(system, 'pkcs11.conf', text);
      return (await p11KitFolders('/home/someone', { ...PLACES, system })).configurations;
    };
    const users = '/home/someone/.config/pkcs11/modules';
    expect(await configured(''))
      .to.have.lengthOf(3)
      .and.include(users);
    expect(await configured('user-config: none\n'))
      .to.have.lengthOf(2)
      .and.not.include(users);
    expect(await configured('user-config: only\n')).to.deep.equal([users]);
  });
});
