import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadAgentConfig, loadProfiles, parseProfile, readProfile } from '../../../native-config/load.ts';
import { makeAuthority } from '../../stage/authority.ts';
import { ownFolder } from '../../stage/folder.ts';
import { refusalOf, refused } from '../../stage/refusal.ts';
import { newSigningKey, ORIGIN, profileJson } from '../../stage/test-bank.ts';

describe('native-config: profiles', () => {
  const folder = ownFolder();
  let good: Record<string, unknown>;
  before(async () => {
    good = profileJson(await newSigningKey(), await makeAuthority());
  });

  const write = async (file: string, changes: Record<string, unknown> = {}) => {
    await mkdir(join(folder(), file, '..'), { recursive: true });
    await writeFile(join(folder(), file), JSON.stringify({ ...good, ...changes }), { mode: 0o600 });
  };
  const load = async (...folders: string[]) => {
    const refused: string[] = [];
    const paths = folders.map((name) => join(folder(), name));
    const profiles = await loadProfiles(paths, ({ error }) => refused.push(error.code));
    return { ids: profiles.map(({ id }) => id), refused, profiles };
  };

  it('are read with their defaults', async () => {
    await write('p/good.json');
    const { profiles } = await load('p', 'missing');
    expect(profiles[0]?.test).to.equal(false);
    expect(profiles[0]?.deadlines.caMs).to.equal(60_000);
  });

  it('in a file, a folder or a folder above that others may write are refused', async () => {
    await write('p/good.json');
    for (const path of ['p/good.json', 'p', '']) {
      await chmod(join(folder(), path), path.endsWith('.json') ? 0o666 : 0o777);
      expect((await load('p')).refused).to.deep.equal(['ERR_POLICY_PROFILE_UNSAFE']);
      await chmod(join(folder(), path), path.endsWith('.json') ? 0o600 : 0o700);
    }
    expect((await load('p')).ids).to.deep.equal(['stage-bank']);
  });

  it('behind a link are judged where they really lie', async () => {
    await write('open/good.json');
    await chmod(join(folder(), 'open'), 0o777);
    await mkdir(join(folder(), 'p'));
    await symlink(join(folder(), 'open/good.json'), join(folder(), 'p/good.json'));
    expect((await load('p')).refused).to.deep.equal(['ERR_POLICY_PROFILE_UNSAFE']);
  });

  it('of the system win; a second one with the same id or origin is refused, and takes nobody else with it', async () => {
    await write('system/a.json');
    await write('user/same-id.json', { origins: ['https://other.example'] });
    await write('user/same-origin.json', { id: 'second', origins: ['https://new.example', ORIGIN] });
    await write('user/third.json', { id: 'third', origins: ['https://third.example'] });
    const { ids, refused } = await load('system', 'user');
    expect(ids).to.deep.equal(['stage-bank', 'third']);
    expect(refused).to.deep.equal(['ERR_POLICY_PROFILE_DUPLICATE', 'ERR_POLICY_PROFILE_DUPLICATE']);
  });

  const BAD: readonly [string, Record<string, unknown>][] = [
    ['an unknown member', { updateUrl: 'https://evil.example' }],
    ['an http origin', { origins: ['http://www.bank.example'] }],
    ['a localhost origin without the test mark', { origins: ['http://localhost:8080'] }],
    ['a localhost origin without a port', { test: true, origins: ['http://localhost'] }],
    ['an origin with a slash', { origins: ['https://www.bank.example/'] }],
    ['an origin with its default port', { origins: ['https://www.bank.example:443'] }],
    ['an origin in capitals', { origins: ['https://WWW.bank.example'] }],
    ['a pattern for an origin', { origins: ['https://*.bank.example'] }],
    [
      'an http enrollment URL',
      { enrollment: { x: { protocol: 'est', url: 'http://ca.example/est', trustAnchors: ['x'] } } },
    ],
    ['no issuers', { issuers: [] }],
    ['another version', { version: 2 }],
    ['no order keys', { orderKeys: { keys: [] } }],
  ];
  for (const [what, changes] of BAD) {
    it(`with ${what} are refused`, async () => {
      await write('p/bad.json', changes);
      expect((await load('p')).refused).to.deep.equal(['ERR_POLICY_PROFILE_INVALID']);
    });
  }

  it('with a private key among the order keys are refused', async () => {
    const { keys } = good['orderKeys'] as { keys: Record<string, unknown>[] };
    await write('p/bad.json', { orderKeys: { keys: [{ ...keys[0], d: 'AAAA' }] } });
    expect((await load('p')).refused).to.deep.equal(['ERR_POLICY_PROFILE_INVALID']);
  });

  it('that are not JSON are refused', async () => {
    await mkdir(join(folder(), 'p'));
    await writeFile(join(folder(), 'p/bad.json'), '{');
    expect((await load('p')).refused).to.deep.equal(['ERR_POLICY_PROFILE_INVALID']);
  });

  it('are files that end in .json and are not hidden: nothing else is read', async () => {
    await write('p/good.json');
    for (const name of ['p/notes.txt', 'p/.hidden.json', 'p/good.json.bak']) await write(name, { id: 'other' });
    expect(await load('p')).to.deep.include({ ids: ['stage-bank'], refused: [] });
  });

  it('are refused with the file and the reason: the member that is wrong, never its value', async () => {
    await write('p/good.json');
    await rm(join(folder(), 'p/good.json'));
    const file = join(folder(), 'p/good.json');
    const missing = await refused(readProfile(file));
    expect([missing.code, missing.details['reason']]).to.deep.equal(['ERR_POLICY_PROFILE_INVALID', 'cannot be read']);
    expect(missing.details['file']).to.equal(file);
    const reasonOf = async (text: string) => (await refused(() => parseProfile(text, file))).details['reason'];
    const withChange = (change: Record<string, unknown>) => JSON.stringify({ ...good, ...change });
    expect(await reasonOf('{')).to.equal('not JSON');
    expect(await reasonOf('7315')).to.equal('document: expected Object');
    expect(await reasonOf(withChange({ names: { ja: 'x' } }))).to.equal('names.en: expected "en"');
    expect(await reasonOf(withChange({ id: 'SECRET' }))).to.equal('id: regex');
    expect(await reasonOf(withChange({ origins: ['http://localhost:8080'] }))).to.equal(
      'origins: http://localhost:8080 needs a test profile',
    );
  });
});

describe('native-config: agent.json', () => {
  const folder = ownFolder();
  const write = (text: string) => writeFile(join(folder(), 'agent.json'), text, { mode: 0o600 });
  const load = () => loadAgentConfig(join(folder(), 'agent.json'));

  it('may be missing', async () => {
    expect((await load()).modules).to.deep.equal([]);
  });

  it('names modules by absolute paths, with an environment of their own', async () => {
    await write(
      JSON.stringify({ version: 1, modules: [{ path: '/usr/lib/x.so', environment: { SOFTHSM2_CONF: '/x' } }] }),
    );
    expect((await load()).modules[0]?.environment).to.deep.equal({ SOFTHSM2_CONF: '/x' });
  });

  it('is refused where others may write it, where it is not JSON, and where it cannot be read', async () => {
    const file = join(folder(), 'agent.json');
    await write('{"version":1}');
    await chmod(file, 0o666);
    const open = await refused(load());
    expect(open.code).to.equal('ERR_INTERNAL_CONFIG_INVALID');
    expect(open.details).to.deep.equal({ file, reason: `${file} may be written by others` });
    await chmod(file, 0o600);
    expect(await refusalOf(load())).to.equal('not refused');
    await write('{');
    const notJson = await refused(load());
    expect([notJson.code, notJson.details['reason']]).to.deep.equal(['ERR_INTERNAL_CONFIG_INVALID', 'not JSON']);
    await rm(file);
    await mkdir(file);
    const unreadable = await refused(load());
    expect(unreadable.code).to.equal('ERR_INTERNAL_CONFIG_INVALID');
    expect(unreadable.details).to.deep.equal({ file, reason: 'cannot be read' });
  });

  for (const [what, json] of [
    ['a relative path', { version: 1, modules: [{ path: 'x.so' }] }],
    ['LD_PRELOAD for a module', { version: 1, modules: [{ path: '/x.so', environment: { LD_PRELOAD: '/evil.so' } }] }],
    ['NODE_OPTIONS for a module', { version: 1, modules: [{ path: '/x.so', environment: { NODE_OPTIONS: '-r' } }] }],
    ['an unknown member', { version: 1, modul: [] }],
    ['releases that are not on https', { version: 1, releases: 'http://bank.example/inkan/' }],
    ['releases without a slash at the end', { version: 1, releases: 'https://bank.example/inkan' }],
  ] as const) {
    it(`with ${what} is refused`, async () => {
      await write(JSON.stringify(json));
      expect(await refusalOf(load())).to.equal('ERR_INTERNAL_CONFIG_INVALID');
    });
  }
});
