/** `inkan profile`: a bank's profile comes in by a person's word, changes by the bank's own, and goes again. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { CompactSign } from 'jose';
import { openProfileBook } from '../../agent/profiles.ts';
import { publicJwk, type SigningKey } from '../../web-bridge/bank/signing-key.ts';
import type { ErrorCode } from '../../web-bridge/protocol/errors.ts';
import { makeAuthority } from '../stage/authority.ts';
import { ownFolder } from '../stage/folder.ts';
import { refusalOf } from '../stage/refusal.ts';
import { type CommandEnd, inkan } from '../stage/served-agent.ts';
import { newSigningKey, profileJson } from '../stage/test-bank.ts';

type Json = Readonly<Record<string, unknown>>;

describe('integration: profiles on the command line', () => {
  const folder = ownFolder();
  let key: SigningKey;
  let bank: Json;

  before(async () => {
    key = await newSigningKey();
    bank = profileJson(key, await makeAuthority());
  });

  const environment = () => ({
    PATH: process.env['PATH'],
    HOME: folder(),
    LANG: 'ja_JP.UTF-8',
    INKAN_CONFIG_DIR: join(folder(), 'config'),
    INKAN_STATE_DIR: join(folder(), 'state'),
  });
  const profile = (args: readonly string[], input = ''): Promise<CommandEnd> =>
    inkan({ environment: environment() }, ['profile', ...args], { input });
  const installed = () => join(folder(), 'config/profiles/stage-bank.json');
  const read = () => JSON.parse(readFileSync(installed(), 'utf8')) as Json;

  function file(content: Json | string): string {
    const path = join(folder(), 'from-the-bank');
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  }
  const add = (content: Json | string, typed = 'stage-bank\n') => profile(['add', file(content), '--json'], typed);
  const update = (content: Json, signer: SigningKey, typ = 'inkan-profile+jwt') =>
    new CompactSign(new TextEncoder().encode(JSON.stringify(content)))
      .setProtectedHeader({ alg: signer.alg, kid: signer.kid, typ })
      .sign(signer.key);
  const codeOf = ({ json }: CommandEnd) => (json as { error?: { code: string } } | undefined)?.error?.code;

  it('shows what a person compares, and installs nothing unless its id is typed', async () => {
    for (const typed of ['', '\n', 'y\n', 'yes\n', 'はい\n', 'stage-bankx\n']) {
      const { status, json } = await add(bank, typed);
      expect({ status, json }).to.deep.equal({ status: 1, json: { installed: false } });
    }
    expect(readdirSync(join(folder())).includes('config')).to.equal(false);
    const { stderr, stdout } = await profile(['add', file(bank)]);
    for (const shown of [
      '見本信用金庫',
      'https://www.bank.example',
      'localhost:1',
      publicJwk(key).kid,
      '0120-000-000',
    ]) {
      expect(stderr).to.include(shown);
    }
    expect(stderr).to.include('見比べてください').and.include('stage-bank と入力してください');
    expect(stdout).to.equal('追加しませんでした。何も変更されていません。\n');
  });

  it('is added, listed, shown and removed', async () => {
    expect((await profile(['list'])).stdout).to.include('inkan profile add');
    expect(await add(bank)).to.deep.include({ status: 0, json: { installed: true, id: 'stage-bank' } });
    expect((await profile(['list', '--json'])).json).to.deep.equal({
      profiles: [{ id: 'stage-bank', names: bank['names'], origins: bank['origins'], test: false }],
      refused: [],
    });
    expect((await profile(['show', 'stage-bank'])).stdout).to.match(/^stage-bank\n {2}金融機関 {8}見本信用金庫/);
    expect((await profile(['show', 'stage-bank', '--json'])).json).to.deep.include({ id: 'stage-bank' });
    expect(await profile(['remove', 'stage-bank', '--json'])).to.deep.include({ json: { removed: 'stage-bank' } });
    expect(codeOf(await profile(['show', 'stage-bank', '--json']))).to.equal('ERR_POLICY_PROFILE_UNKNOWN');
    expect(codeOf(await profile(['remove', 'stage-bank', '--json']))).to.equal('ERR_POLICY_PROFILE_UNKNOWN');
  });

  it('is removed by its id only: a path removes nothing', async () => {
    await add(bank);
    const victim = join(folder(), 'config/agent.json');
    writeFileSync(victim, '{"version":1}', { mode: 0o600 });
    for (const id of ['../agent', './stage-bank', `${folder()}/config/agent`, '']) {
      expect(codeOf(await profile(['remove', id, '--json'])), id).to.equal('ERR_POLICY_PROFILE_UNKNOWN');
    }
    expect(readFileSync(victim, 'utf8')).to.equal('{"version":1}');
    expect(read()['id']).to.equal('stage-bank');
  });

  const WRONG: readonly [string, () => Json | string, ErrorCode][] = [
    ['garbage', () => 'garbage', 'ERR_POLICY_PROFILE_SIGNATURE_INVALID'],
    ['half a profile', () => '{"version":1,', 'ERR_POLICY_PROFILE_INVALID'],
    ['an unknown member', () => ({ ...bank, colour: 'red' }), 'ERR_POLICY_PROFILE_INVALID'],
    [
      'http without being a test profile',
      () => ({ ...bank, origins: ['http://localhost:8080'] }),
      'ERR_POLICY_PROFILE_INVALID',
    ],
    ['an id that is a path', () => ({ ...bank, id: '../x' }), 'ERR_POLICY_PROFILE_INVALID'],
    ['what is too large', () => `{${' '.repeat(300_000)}}`, 'ERR_POLICY_PROFILE_INVALID'],
  ];
  for (const [what, content, code] of WRONG) {
    it(`refuses ${what}: ${code}`, async () => {
      const end = await add(content());
      expect([end.status, codeOf(end)]).to.deep.equal([1, code]);
    });
  }

  it('refuses URLs, files that are not there, a second profile of an id or an origin', async () => {
    for (const url of ['https://www.bank.example/profile.json', 'file:///etc/passwd', 'HTTP://x']) {
      expect(codeOf(await profile(['add', url, '--json'], 'x'))).to.equal('ERR_INTERNAL_USAGE');
    }
    expect(codeOf(await profile(['add', '/nowhere', '--json']))).to.equal('ERR_POLICY_PROFILE_INVALID');
    await add(bank);
    expect(codeOf(await add({ ...bank, origins: ['https://new.example'] }))).to.equal(
      'ERR_POLICY_PROFILE_SIGNATURE_INVALID',
    );
    expect(codeOf(await add({ ...bank, id: 'another' }, 'another'))).to.equal('ERR_POLICY_PROFILE_DUPLICATE');
    expect(read()['origins']).to.deep.equal(['https://www.bank.example']);
  });

  it('changes by the word of a key that it holds, so that keys rotate; by nobody else’s', async () => {
    await add(bank);
    const [next, stranger] = [await newSigningKey(), await newSigningKey()];
    const rotated = { ...bank, orderKeys: { keys: [publicJwk(next)] } };
    const REFUSED = [
      await update(rotated, stranger),
      await update(rotated, { ...stranger, kid: key.kid }),
      await update(rotated, key, 'JWT'),
      await update({ ...rotated, id: 'another' }, key),
    ];
    for (const content of REFUSED) expect(codeOf(await add(content))).to.equal('ERR_POLICY_PROFILE_SIGNATURE_INVALID');
    const refused = await profile(['add', file(await update(rotated, key))], 'no\n');
    expect(refused.stderr).to.include('入れ替えます').and.include(key.kid).and.include(next.kid);
    expect(read()['orderKeys']).to.deep.equal(bank['orderKeys']);
    expect((await add(await update(rotated, key))).json).to.deep.equal({ installed: true, id: 'stage-bank' });
    expect(codeOf(await add(await update(bank, key)))).to.equal('ERR_POLICY_PROFILE_SIGNATURE_INVALID');
    expect((await add(await update({ ...rotated, names: { ja: '新', en: 'New' } }, next))).status).to.equal(0);
    expect(read()['names']).to.deep.equal({ ja: '新', en: 'New' });
  });

  it('is not used where others may write it, and not written where they may', async () => {
    await add(bank);
    chmodSync(installed(), 0o666);
    const { json } = await profile(['list', '--json']);
    expect((json as { refused: { code: string }[] }).refused.map(({ code }) => code)).to.deep.equal([
      'ERR_POLICY_PROFILE_UNSAFE',
    ]);
    const { stdout } = await profile(['list']);
    expect(stdout)
      .to.match(/^✗ /)
      .and.include(installed())
      .and.match(/お問い合わせ番号 +P17/);
    await profile(['remove', 'stage-bank']);
    chmodSync(join(folder(), 'config/profiles'), 0o777);
    expect(codeOf(await add(bank))).to.equal('ERR_POLICY_PROFILE_UNSAFE');
    expect(readdirSync(join(folder(), 'config/profiles'))).to.deep.equal([]);
  });

  it('of the system is not changed in the user’s folder', async () => {
    const [system, own] = [join(folder(), 'system'), join(folder(), 'own')];
    mkdirSync(system, { mode: 0o700 });
    writeFileSync(join(system, 'stage-bank.json'), JSON.stringify(bank), { mode: 0o600 });
    const book = await openProfileBook([system, own], () => {});
    const newer = await book.inspect(file(await update({ ...bank, names: { ja: '新', en: 'New' } }, key)));
    expect(await refusalOf(book.install(newer))).to.equal('ERR_POLICY_PROFILE_DUPLICATE');
    expect(await refusalOf(book.remove('stage-bank'))).to.equal('ERR_POLICY_PROFILE_UNKNOWN');
    expect((await book.read()).map(({ names }) => names)).to.deep.equal([bank['names']]);
  });
});
