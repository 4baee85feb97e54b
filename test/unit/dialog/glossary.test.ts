/** The words of the glossary's "Not" column, CKR names and HTTP's codes stand nowhere a customer reads. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';

const ROOT = new URL('../../../../', import.meta.url);
const ROOMS = ['agent/dialog/locales/ja.json', 'web-bridge/demo/locales/ja.json'];

/** Pattern of what is not written → where it may stand all the same: it says what the PIN is not. */
const NOT: readonly (readonly [not: RegExp, but?: RegExp])[] = [
  [/CK[RAM]_|HTTP/],
  [/(?<!\d)[45]\d\d(?!\d)(?= ?(?:エラー|番))/],
  [/クライアント証明書/],
  [/(?<!電子|の|この|TLS)証明書(?!情報|の有効)/, /認証局の証明書|サーバー/],
  [/エンロール|申請/],
  [/無効化|取消/],
  [/期限エラー|満了/],
  [/(?<!USB)トークン/],
  [/暗証番号|PINコード/, /キャッシュカードの暗証番号/],
  // The manual's own notice.
  [/(?<!ログイン|ID・)パスワード/, /パスワードを盗む/],
  [/登録/],
  [/警告/],
  // The manual's own closing title.
  [/インストール/, /電子証明書のインストールが完了しました/],
  [/^(?:はい|OK)$|「はい」|「OK」/],
  [/ユーザー/],
  [/閉塞|ブロック/, /^ブロック$/],
  [/銀行|当行|信用組合/],
  [/証明機関|CAサーバ/],
  [/エージェント|常駐/],
  [/同意|Webアクセスの確認/],
  [/キャンセル/],
  [/リトライ|再実行|レジューム/],
  [/保留/],
  [/注文|命令|オーダー/],
  [/プロファイル/],
  [/チケット/],
  [/不正(?!なソフト|に|確)|拒否/],
  [/エラーコード/],
  [/サブジェクト/],
  [/秘密キー|絶対安全/],
  [/LNA/],
];

function textsOf(value: unknown, path = ''): [path: string, text: string][] {
  if (typeof value === 'string') return [[path, value]];
  return Object.entries(value as object).flatMap(([name, inner]) => textsOf(inner, `${path}/${name}`));
}

describe('the glossary', () => {
  it('is looked for at all (the test can fail)', () => {
    const wrong = 'トークンの暗証番号を入力してください。';
    expect(NOT.filter(([not]) => not.test(wrong))).to.have.lengthOf(2);
  });

  for (const file of ROOMS)
    for (const [not, but] of NOT)
      it(`${file} has no ${not.source}`, () => {
        const texts = textsOf(JSON.parse(readFileSync(new URL(file, ROOT), 'utf8')));
        expect(texts.length).to.be.greaterThan(100);
        const plain = (text: string): string => (but ? text.replaceAll(new RegExp(but.source, 'g'), '') : text);
        expect(texts.filter(([, text]) => not.test(plain(text)))).to.deep.equal([]);
      });
});
