import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { build } from 'esbuild';
import { ERRORS } from '../../../web-bridge/protocol/errors.ts';
import { obstacle } from '../../../web-bridge/sdk/failure.ts';
import { OBSTACLES, type Obstacle, SDK_WORDS } from '../../../web-bridge/sdk/words.ts';

/** What the glossary says not to write. */
const NOT_OUR_WORDS =
  /エージェント|常駐|リトライ|キャンセル|暗証番号|トークン|警告|エラー|ユーザー|銀行|当行|Webアクセス/;

describe("the SDK's words", () => {
  for (const [state, { ja, en }] of Object.entries(SDK_WORDS)) {
    it(`${state}: what and remedy, in both languages, in the glossary's terms`, () => {
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

describe("the SDK's bundle", () => {
  const entryPoints = [fileURLToPath(new URL('../../../web-bridge/sdk/inkan.js', import.meta.url))];
  const options = { entryPoints, bundle: true, write: false, format: 'esm', target: 'es2022', minify: true } as const;

  it('is under 6 kB gzipped and has no package in it', async () => {
    const { outputFiles, metafile } = await build({ ...options, metafile: true });
    expect(gzipSync(outputFiles[0]?.contents ?? '').length).to.be.within(1_000, 6_000);
    expect(Object.keys(metafile.inputs).filter((path) => path.includes('node_modules'))).to.deep.equal([]);
  });

  it('lays down nothing but the id of the enrollment', () => {
    const source = readFileSync(new URL('../../../../web-bridge/sdk/enroll.ts', import.meta.url), 'utf8');
    expect(source.match(/setItem\(.*\)/g)).to.deep.equal(['setItem(STORAGE_KEY, id))']);
  });
});
