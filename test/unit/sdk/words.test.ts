import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { build } from 'esbuild';
import { ERRORS } from '../../../web-bridge/protocol/errors.ts';
import { LANGUAGES } from '../../../web-bridge/protocol/languages.ts';
import { OBSTACLES, type Obstacle } from '../../../web-bridge/sdk/bridge-state.ts';
import { dialogTitle } from '../../../web-bridge/sdk/dialogs.ts';
import { obstacle } from '../../../web-bridge/sdk/failure.ts';
import { helpFor } from '../../../web-bridge/sdk/help.ts';
import { SDK_WORDS } from '../../../web-bridge/sdk/words.ts';

/** What the glossary says not to write. */
const NOT_OUR_WORDS =
  /エージェント|常駐|リトライ|キャンセル|暗証番号|トークン|警告|エラー|ユーザー|銀行|当行|Webアクセス/;

describe("the SDK's words", () => {
  for (const [state, { ja, en }] of Object.entries(SDK_WORDS)) {
    it(`${state}: what and remedy are sentences, in Japanese and in English, in the glossary's terms`, () => {
      for (const text of [ja.what, ja.remedy]) expect(text).to.match(/[。]$/).and.not.match(NOT_OUR_WORDS);
      for (const text of [en.what, en.remedy]) expect(text).to.match(/^[A-Z].*\.$/);
    });
  }

  it('every obstacle becomes an error with words and a support code that the agent does not use', () => {
    const taken = new Set<string>(Object.values(ERRORS).map(({ support }) => support));
    for (const name of Object.keys(OBSTACLES) as Obstacle[]) {
      const error = obstacle(name);
      expect(error).to.be.instanceOf(Error).and.include({ code: OBSTACLES[name].code });
      expect(error.words).to.equal(SDK_WORDS[name]);
      expect(taken.has(error.support)).to.equal(false);
      taken.add(error.support);
    }
  });
});

describe("the agent's dialogs, as pages announce them", () => {
  const locale = (language: string): Record<string, string> => {
    const file = new URL(`../../../agent/dialog/locales/${language}.json`, import.meta.url);
    return (JSON.parse(readFileSync(file, 'utf8')) as { texts: Record<string, string> }).texts;
  };
  for (const language of LANGUAGES)
    it(`have the titles of the dialogs themselves (${language})`, () => {
      const texts = locale(language);
      expect(dialogTitle('accepted', language)).to.equal(`${texts['consent.title']} – ${texts['app']}`);
      expect(dialogTitle('consented', language)).to.equal(`${texts['pin.title']} – ${texts['app']}`);
      expect(dialogTitle('sent', language)).to.equal(undefined);
    });
});

describe("the bank's own help", () => {
  const bank = { reason: 'why', telephone: '0120', download: 'https://www.bank.example/inkan' };

  it('says why, whom to call and where to get the agent, before the question and where nobody answers', () => {
    for (const state of ['explain', 'not-running'] as const)
      expect(helpFor(state, bank, 'en').map(({ text }) => text)).to.deep.equal(Object.values(bank));
  });
  it('makes a link of https alone, and nothing of what the page did not supply', () => {
    expect(helpFor('outdated', { download: 'http://www.bank.example' }, 'ja')[0]).not.to.have.property('href');
    expect(helpFor('explain', {}, 'ja')).to.deep.equal([]);
  });
});

describe("the SDK's bundles", () => {
  const LIMITS = { inkan: 6_000, 'inkan-element': 12_000 };
  for (const [name, limit] of Object.entries(LIMITS))
    it(`${name} is under ${limit} bytes gzipped and has no package in it`, async () => {
      const entryPoints = [fileURLToPath(new URL(`../../../web-bridge/sdk/${name}.js`, import.meta.url))];
      const options = {
        entryPoints,
        bundle: true,
        write: false,
        format: 'esm',
        target: 'es2022',
        minify: true,
      } as const;
      const { outputFiles, metafile } = await build({ ...options, metafile: true });
      expect(gzipSync(outputFiles[0]?.contents ?? '').length).to.be.within(1_000, limit);
      expect(Object.keys(metafile.inputs).filter((path) => path.includes('node_modules'))).to.deep.equal([]);
    });

  it('lays down nothing but the id of the enrollment', () => {
    const source = readFileSync(new URL('../../../../web-bridge/sdk/enroll.ts', import.meta.url), 'utf8');
    expect(source.match(/setItem\(.*\)/g)).to.deep.equal(['setItem(STORAGE_KEY, id))']);
  });
});
