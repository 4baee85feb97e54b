import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { COMMAND_TEXTS } from '../../../agent/cli/wording.ts';
import { say, systemLanguage, TEXTS, type TextKey, wordsFor } from '../../../agent/dialog/words.ts';
import { ERRORS, type ErrorCode } from '../../../web-bridge/protocol/errors.ts';
import { LANGUAGES, type Language } from '../../../web-bridge/protocol/languages.ts';
import { STATE_NAMES } from '../../../web-bridge/protocol/methods.ts';

type Locale = {
  errors: Record<string, { what: string; remedy: string }>;
  texts: Record<string, string>;
  commands: Record<string, string>;
};
const locale = (language: string): Locale =>
  JSON.parse(readFileSync(new URL(`../../../agent/dialog/locales/${language}.json`, import.meta.url), 'utf8'));
const codes = Object.keys(ERRORS) as ErrorCode[];
const keys = Object.keys(TEXTS) as TextKey[];
const placeholders = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').sort();

/** How the words of a language are written. A language without a row is held to the common rules alone. */
type Style = {
  readonly shortest: number;
  readonly longest: number;
  /** How a sentence ends. */
  readonly end: RegExp;
  readonly somebody: RegExp;
  readonly unchanged: RegExp;
  readonly again: RegExp;
  /** The column "Not" of the project's word list, as far as a word is wrong wherever it stands. */
  readonly forbidden: readonly RegExp[];
};
const ANY: Style = { shortest: 1, longest: 190, end: /./, somebody: /./, unchanged: /./, again: /./, forbidden: [] };
const STYLE: Partial<Record<Language, Style>> = {
  ja: {
    shortest: 12,
    longest: 90,
    end: /(です|ます|せん|でした|ました|ください)。$/,
    somebody: /当金庫|管理担当者|最初からやり直して|ヘルプ/,
    unchanged: /変更されていません/,
    again: /やり直|お試し/,
    forbidden: [
      /クライアント証明書|(?<!電子)証明書(?!アプリ)|エンロール|登録|申請|再発行(?!について)|無効化|取消|満了|期限エラー/,
      /(?<!USB)トークン|(?<!キャッシュカードの)暗証番号|PINコード|(?<!ログイン)パスワード|ユーザー|閉塞|ブロック/,
      /銀行|当行|信用組合|証明機関|サーバ|エージェント|常駐|(?<!電子証明書アプリ（)Inkan|印鑑/,
      /同意|キャンセル|拒否|リトライ|再実行|レジューム|保留|処理中|インストール|注文|命令|オーダー|プロファイル|チケット/,
      /不正|エラー|サブジェクト|秘密キー|絶対|(?<!検査)証明(?!書)|警告|LNA|許可|はい|OK/,
      /CKR|HTTP|TLS(?!_REJECT)|CSR|(?<!P-)\b[45]\d\d\b|です。です|[!！]/,
    ],
  },
  en: {
    shortest: 20,
    longest: 190,
    end: /[a-z)A-Z]\.$/,
    somebody: /bank|looks after|start over/,
    unchanged: /Nothing was changed/,
    again: /start over|try again/,
    forbidden: [
      /\b(order|profile|authorization|agent|driver|error|invalid|session|CSR)\b/i,
      /(?<!USB )\btokens?\b/i,
      /CKR|HTTP|\bTLS\b/,
    ],
  },
};

for (const language of LANGUAGES) {
  describe(`the words in ${language}`, () => {
    const { errors, texts, commands } = locale(language);
    const style = STYLE[language] ?? ANY;

    it('are there for every error, text, state and command, and for nothing else', () => {
      expect(Object.keys(errors)).to.have.members(codes);
      expect(Object.keys(texts)).to.have.members(keys);
      expect(Object.keys(commands)).to.have.members([...COMMAND_TEXTS]);
      expect(keys).to.include.members(STATE_NAMES.map((state) => `state.${state}`));
    });

    it('have the placeholders that the table names', () => {
      for (const key of keys) expect(placeholders(texts[key] ?? ''), key).to.deep.equal([...TEXTS[key]].sort());
      for (const code of codes) expect(placeholders(JSON.stringify(errors[code]).slice(1, -1)), code).to.deep.equal([]);
    });

    it('use no forbidden word', () => {
      const all = [
        ...Object.entries(texts),
        ...Object.entries(errors).flatMap(([code, e]) => [
          [code, e.what],
          [code, e.remedy],
        ]),
      ];
      for (const [key, text] of all) {
        for (const pattern of style.forbidden) expect(text, key).not.to.match(pattern);
      }
    });

    it('are sentences of a sane length', () => {
      const { shortest, longest, end } = style;
      for (const [code, { what, remedy }] of Object.entries(errors)) {
        for (const text of [what, remedy]) {
          expect(text.length, `${code}: ${text}`).to.be.within(shortest, longest);
          expect(text, code).to.match(end);
        }
      }
    });

    it('say of each error what no other says', () => {
      expect(new Set(Object.values(errors).map(({ what }) => what)).size).to.equal(codes.length);
    });

    it('send people to somebody where trying again is of no use', () => {
      for (const code of codes.filter((code) => ERRORS[code].retry === 'never')) {
        expect(errors[code]?.remedy, code).to.match(style.somebody);
      }
    });

    it('say that a refusal changed nothing and how to come back', () => {
      for (const code of ['ERR_USER_REFUSED', 'ERR_USER_TIMEOUT', 'ERR_POLICY_COOL_DOWN'] as const) {
        expect(errors[code]?.what, code).to.match(style.unchanged);
        expect(errors[code]?.remedy, code).to.match(style.again);
      }
    });
  });
}

describe('the words', () => {
  it('come in both languages for the wire', () => {
    const words = wordsFor('ERR_TOKEN_MISSING');
    expect(words.ja.what).to.contain('USBトークン');
    expect(words.en.remedy).to.contain('Plug in');
  });

  it('put values in once', () => {
    expect(say('en', 'consent.token', { label: '{model}', model: '$&' })).to.equal('USB token:  {model} ($&)');
  });

  const locales: [NodeJS.ProcessEnv, string][] = [
    [{ LANG: 'ja_JP.UTF-8' }, 'ja'],
    [{ LANG: 'ja' }, 'ja'],
    [{ LANG: 'en_US.UTF-8' }, 'en'],
    [{ LC_ALL: 'C', LANG: 'ja_JP.UTF-8' }, 'en'],
    [{ LC_ALL: '', LC_MESSAGES: 'ja_JP.eucJP', LANG: 'C' }, 'ja'],
    [{ LANG: 'jam_JM' }, 'en'],
    [{}, 'en'],
  ];
  for (const [environment, language] of locales) {
    it(`of ${JSON.stringify(environment)} are ${language}`, () =>
      expect(systemLanguage(environment)).to.equal(language));
  }
});
