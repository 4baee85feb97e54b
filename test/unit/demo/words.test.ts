import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';

const room = new URL('../../../../web-bridge/demo/', import.meta.url);
const texts = (language: string): Record<string, string> =>
  JSON.parse(readFileSync(new URL(`locales/${language}.json`, room), 'utf8')) as Record<string, string>;
const [ja, en] = [texts('ja'), texts('en')];

describe('words of the reference bank', () => {
  it('are there in both languages, with the same places to fill in', () => {
    expect(Object.keys(ja)).to.deep.equal(Object.keys(en));
    const places = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();
    for (const [key, text] of Object.entries(ja)) expect(places(text), key).to.deep.equal(places(en[key]!));
  });

  it('are all used, and nothing is used that is not there', () => {
    const files = readdirSync(room, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const code = files.map((name) => readFileSync(new URL(name, room), 'utf8')).join('\n');
    const literal = [...code.matchAll(/words?\('([\w.-]+)'/g)].map(([, key]) => key!);
    for (const key of literal) expect(Object.hasOwn(ja, key), key).to.equal(true);
    // Keys that are put together: each has its beginning in a template.
    const begun = [...code.matchAll(/words?\(`([^`]+)`/g)].map(
      ([, key]) => new RegExp(`^${key!.replaceAll('.', '\\.').replace(/\$\{[^}]+\}/g, '[\\w-]+')}$`),
    );
    const quoted = (key: string): boolean => code.includes(`'${key}'`);
    const unused = Object.keys(ja).filter((key) => !quoted(key) && !begun.some((pattern) => pattern.test(key)));
    expect(unused).to.deep.equal([]);
  });

  it('use the terms that customers know', () => {
    const NOT =
      /クライアント証明書|エンロール|無効化|暗証番号|PINコード|ユーザー|閉塞|銀行|当行|証明機関|エージェント|キャンセル|リトライ|サブジェクト|エラーコード|CKR_|HTTP/;
    for (const [key, text] of Object.entries(ja)) expect(text, key).to.not.match(NOT);
  });
});
