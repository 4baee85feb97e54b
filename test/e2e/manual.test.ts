/**
 * The manual, held against the screens: the journey is walked once as the administrator, with every screen in both
 * languages and in a narrow window, once more as a user; then each sentence and each control has an assertion of its own.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { rolesOf, type ScreenName, type Screens, type Shown } from './manual-screens.ts';
import { type Seen, walkTheManual } from './manual-walk.ts';
import { CONTROLS, SENTENCES } from './manual-words.ts';

/** Names of people, companies and of the CA stay as they are in English. */
const NAMES = /株式会社サンプル|管理者|利用者|佐藤花子|しんきん電子証明書認証局（デモ）/g;
const JAPANESE = /[\u3040-\u30ff\u3400-\u9fff]/;

describe('end to end: the manual', () => {
  let folder: string;
  let seen: Seen;

  before(async function () {
    this.timeout(60_000);
    folder = await mkdtemp(join(tmpdir(), 'inkan-test-'));
    seen = await walkTheManual(folder);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const japanese = (name: ScreenName): Shown => shownIn(seen.screens, name, 'ja');
  const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');

  describe('its sentences', () => {
    for (const [name, sentences] of Object.entries(SENTENCES) as [ScreenName, readonly string[]][])
      for (const sentence of sentences)
        it(`${name}: ${sentence}`, () => expect(oneLine(japanese(name).text)).to.include(sentence));
  });

  describe('its controls, by role and accessible name', () => {
    for (const [name, controls] of Object.entries(CONTROLS))
      for (const [role, label] of controls)
        it(`${name}: ${role} ${label}`, () =>
          expect(japanese(name as ScreenName).accessible).to.include(`${role} "${label}"`));
  });

  describe('where it is deviated from', () => {
    const all = (): string => [...seen.screens.values()].map(({ ja }) => ja?.text).join('\n');

    it('says お客様ID everywhere, and nowhere ログインID', () => expect(all()).not.to.include('ログインID'));
    for (const word of ['Webアクセスの確認', 'はいをクリック', 'いいえ'])
      it(`has no ${word}: the agent has its own dialog`, () => expect(all().replaceAll(' ', '')).not.to.include(word));
    it('announces one confirmation instead of two', () =>
      expect(japanese('start').text).to.include('確認画面が1度だけ表示されます。'));
    it('asks for no second one: not for the request, not for the write-back', () =>
      expect(seen.details.administrator?.['subject']).to.include(seen.accounts.administrator.id));
    it('needs no restart of the browser, and says so to those who know the old way', () => {
      expect(japanese('done').text).to.include('ブラウザーを終了する必要はありません。');
      expect(all()).not.to.include('一度ブラウザを終了');
    });
    it('has the certificate on the token, and not in the computer', () => {
      expect(japanese('done').text).to.include('電子証明書は、USBトークンの中に書き込まれました。');
      expect(all()).not.to.include('ご使用のパソコンに');
      expect(seen.details.administrator?.['token']).to.include('desk');
    });
    it('announces that the PIN is asked by the agent, and never by the page', () => {
      expect(japanese('start').text).to.include('この画面でPINをお尋ねすることはありません。');
      expect(all()).not.to.include('暗証番号');
    });
  });

  describe('what its screens do', () => {
    it('the software keyboard takes the login password by mouse, and logs in', () => {
      expect(seen.typed).to.equal(seen.accounts.administrator.password);
      expect(japanese('contract').text).to.include('株式会社サンプル 管理者 様');
    });
    it('使用方法 explains the software keyboard, and that the PIN has no place there', () =>
      expect(japanese('keyboard help').text)
        .to.include('ソフトウェアキーボードの使用方法')
        .and.to.include('USBトークンのPINは、この画面では入力しません。'));
    it('再取得 asks who it is, in its own words', () =>
      expect(japanese('identity again').text).to.include('電子証明書再取得に必要な本人認証を行います。'));
    it('a wrong password is told in words, in an alert', () =>
      expect(japanese('wrong password').accessible)
        .to.include('- alert')
        .and.to.include('お客様IDまたはログインパスワードが違います。'));
    it('a wrong password keeps the ID and forgets the password', () =>
      expect(seen.kept).to.deep.equal({ id: seen.accounts.administrator.id, password: '' }));
    it('中止 says what it means', () =>
      expect(japanese('issuing').text).to.include('認証局へ送信する前であれば、何も変わりません。'));
    it('中止 before the request is sent leaves everything as it was', () => {
      expect(japanese('cancelled').text).to.include('USBトークンも電子証明書も、何も変わっていません。');
      expect(seen.privateKeys.afterCancel).to.equal(0);
    });
    it('中止 is gone once the request is sent, and words stand in its place', () => {
      expect(
        seen.moments.some(({ sent }) => sent),
        '認証局へ送信したため、中止できません。',
      ).to.equal(true);
      expect(seen.moments.filter(({ sent, cancel }) => sent && cancel)).to.deep.equal([]);
      expect(japanese('pending').accessible).not.to.include('button "中止"');
    });
    it('the certificate is shown: whose, by whom, until when, on which token', () => {
      expect(seen.details.administrator).to.include.keys('subject', 'issuer', 'serial', 'validity', 'token', 'key');
      expect(Object.values(seen.details.administrator ?? {})).not.to.include('');
    });
    it('このウィンドウを閉じる closes a window that a page has opened', () =>
      expect(seen.windows.opened).to.equal(true));
    it('このウィンドウを閉じる says how, where the browser does not let it', () =>
      expect(seen.windows.own).to.include('このタブの「×」で閉じてください。'));
    it('a second acquisition is refused in words, with a way on', () => {
      expect(japanese('refused').text)
        .to.include('このお客様IDの電子証明書は、すでに取得されています')
        .and.to.include('電子証明書は1つのお客様IDにつき1枚です。');
      expect(japanese('refused').accessible)
        .to.include('link "手続きを再開する"')
        .and.to.include('link "ログイン画面に戻る"');
    });
    it('the identity page is walked by keyboard alone, in the order in which it is read', () =>
      expect(seen.focused.slice(-5)).to.deep.equal([
        'お客様ID:',
        'ログインパスワード:',
        'ソフトウェアキーボード入力',
        '使用方法',
        '取得',
      ]));
    it('administrator and user each have a certificate of their own', () => {
      expect(seen.details.administrator?.['subject'])
        .to.include('管理者')
        .and.to.include(seen.accounts.administrator.id);
      expect(seen.details.user?.['subject']).to.include('利用者').and.to.include(seen.accounts.user.id);
      expect(seen.details.user?.['serial']).not.to.equal(seen.details.administrator?.['serial']);
      expect(seen.privateKeys.atTheEnd).to.equal(2);
    });
  });

  const SCREENS: readonly ScreenName[] = [
    'home',
    'login',
    'keyboard help',
    'contract',
    'identity again',
    'identity',
    'preparing',
    'start',
    'issuing',
    'cancelled',
    'pending',
    'done',
    'log-in by certificate',
    'refused',
  ];

  describe('in English', () => {
    for (const name of SCREENS)
      it(`${name}: no Japanese is left, and the same can be operated`, () => {
        const english = shownIn(seen.screens, name, 'en');
        expect(english.main.replaceAll(NAMES, '')).not.to.match(JAPANESE);
        expect(rolesOf(english)).to.deep.equal(rolesOf(japanese(name)));
      });
  });

  describe('320 pixels wide', () => {
    for (const name of SCREENS)
      for (const language of ['ja', 'en'] as const)
        it(`${name}, ${language}: nothing sticks out`, () =>
          expect(shownIn(seen.screens, name, language).overflow).to.equal(0));
  });
});

function shownIn(screens: Screens, name: ScreenName, language: 'ja' | 'en'): Shown {
  const shown = screens.get(name)?.[language];
  if (!shown) throw new Error(`The walk did not see ${name} in ${language}`);
  return shown;
}
