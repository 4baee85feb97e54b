/**
 * The manual, held against the screens: the journey is walked once as the administrator, with every screen in both
 * languages and in a narrow window, once more as a user; then each sentence and each control has an assertion of its own.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { BrowserContext, Page } from 'playwright-core';
import type { Role } from '../../web-bridge/demo/accounts.ts';
import { type Bank, startBank } from '../../web-bridge/demo/bank.ts';
import { type AgentDesk, layAgentDesk } from '../stage/agent-desk.ts';
import { firstPage, openBrowser } from '../stage/browser.ts';
import {
  type Account,
  acquire,
  goToAcquisition,
  identify,
  shownDetails,
  switchLanguage,
  tab,
  typeOnScreen,
  waitForDone,
} from '../stage/customer.ts';
import { type ServedAgent, serveAgent } from '../stage/served-agent.ts';
import { objectsOn } from '../stage/witness.ts';
import { look, lookInBoth, rolesOf, type ScreenName, type Screens, type Shown } from './manual-screens.ts';
import { CONTROLS, SENTENCES } from './manual-words.ts';

/** Time for a look at 発行待ち in both languages. */
const PENDING_MS = 4_000;
/** Names of people, companies and of the CA stay as they are in English. */
const NAMES = /株式会社サンプル|管理者|利用者|佐藤花子|しんきん電子証明書認証局（デモ）/g;
const JAPANESE = /[\u3040-\u30ff\u3400-\u9fff]/;

describe('end to end: the manual', () => {
  const screens: Screens = new Map();
  const privateKeys = { afterCancel: -1, atTheEnd: -1 };
  /** What was visible together on 発行処理中, at each change. */
  let moments: { sent: boolean; cancel: boolean }[] = [];
  const focused: string[] = [];
  const windows = { own: '', opened: false };
  const kept = { id: '', password: 'not looked at' };
  const details: Partial<Record<Role, Record<string, string>>> = {};
  let typed = '';
  let folder: string;
  let bank: Bank;
  let desk: AgentDesk;
  let agent: ServedAgent;
  let context: BrowserContext;
  let page: Page;

  const account = (role: Role): Account =>
    bank.accounts.find((account) => account.role === role) ?? { id: '', password: '' };
  const heading = (name: string) => page.getByRole('heading', { level: 1, name, exact: true });
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  const follow = (name: string) => page.getByRole('link', { name, exact: true }).click();
  const keysOnToken = (): number => objectsOn(desk, 'desk').filter((line) => line.startsWith('Private Key')).length;

  async function walkTheBank(): Promise<void> {
    await page.goto(`${bank.siteUrl}/`);
    await lookInBoth(page, screens, 'home');
    await follow('WEB-FBログイン画面へ');
    await lookInBoth(page, screens, 'login');
    await follow('使用方法');
    await lookInBoth(page, screens, 'keyboard help');
    await follow('前の画面に戻る');
    await page.getByLabel('お客様ID:').fill(account('administrator').id);
    await typeOnScreen(page, account('administrator').password);
    typed = await page.getByLabel('ログインパスワード:').inputValue();
    await press('ログイン');
    await heading('ご契約内容').waitFor();
    await lookInBoth(page, screens, 'contract');
    await press('ログアウト');
  }

  async function walkIdentity(): Promise<void> {
    await follow('電子証明書再取得');
    await lookInBoth(page, screens, 'identity again');
    await goToAcquisition(page, bank.siteUrl);
    await lookInBoth(page, screens, 'identity');
    await identify(page, { id: account('administrator').id, password: 'wrong' });
    await page.getByRole('alert').waitFor();
    await look(page, screens, 'wrong password');
    kept.id = await page.getByLabel('お客様ID:').inputValue();
    kept.password = await page.getByLabel('ログインパスワード:').inputValue();
    await identify(page, account('administrator'));
  }

  async function walkToStart(): Promise<void> {
    await page.getByRole('button', { name: '確認メッセージへ進む' }).waitFor();
    await lookInBoth(page, screens, 'preparing');
    await context.grantPermissions(['local-network-access'], { origin: bank.caUrl });
    await page.reload();
    // No click: with nothing to ask, the screen moves on by itself.
    await heading('電子証明書取得開始').waitFor();
    await lookInBoth(page, screens, 'start');
  }

  /** 中止 while the agent's dialog waits: in Japanese as far as 発行処理中, in English from there. */
  async function walkCancelled(): Promise<void> {
    desk.answer({ consent: 'ignore' });
    await acquire(page);
    await heading('電子証明書発行処理中').waitFor();
    await page.getByText('ブラウザーの後ろに隠れていることがあります').waitFor();
    await lookInBoth(page, screens, 'issuing');
    await press('中止');
    await heading('中止しました').waitFor();
    await look(page, screens, 'cancelled');
    privateKeys.afterCancel = keysOnToken();
    await follow('最初からやり直す');
    await identify(page, account('administrator'));
    await heading('電子証明書取得開始').waitFor();
    await switchLanguage(page, 'English');
    await heading('Start acquiring the certificate').waitFor();
    await press('Cancel');
    await look(page, screens, 'cancelled');
    await follow('Start over');
    await switchLanguage(page, '日本語');
    await identify(page, account('administrator'));
  }

  /** A human who approves once: every further question would be refused, and the journey would fail. */
  async function walkIssuing(): Promise<void> {
    await heading('電子証明書取得開始').waitFor();
    desk.answer({ consent: 'approve' });
    await acquire(page);
    await page.locator('[data-state="consented"]:is([data-mark="current"], [data-mark="done"])').waitFor();
    desk.answer({ consent: 'refuse' });
    await page.getByText('発行待ち（この画面は閉じてもかまいません）').waitFor();
    desk.answer({ consent: 'refuse', pin: 'cancel' });
    moments = await page.evaluate(() => window.moments);
    await lookInBoth(page, screens, 'pending');
    await waitForDone(page);
    await lookInBoth(page, screens, 'done');
    details.administrator = await shownDetails(page);
  }

  async function walkAway(): Promise<void> {
    const opening = context.waitForEvent('page');
    await page.evaluate(() => void open('/acquisition'));
    const opened = await opening;
    await waitForDone(opened);
    const closing = opened.waitForEvent('close');
    await opened.getByRole('button', { name: 'このウィンドウを閉じる' }).click();
    await closing;
    windows.opened = opened.isClosed();
    await press('このウィンドウを閉じる');
    await page.locator('[data-part="close-failed"]').waitFor();
    windows.own = await page.locator('main').innerText();
    await follow('ログイン画面へ');
    await follow('電子証明書ログイン');
    await heading('電子証明書ログイン').waitFor();
    await lookInBoth(page, screens, 'log-in by certificate');
  }

  async function walkAgain(): Promise<void> {
    await goToAcquisition(page, bank.siteUrl);
    await identify(page, account('administrator'));
    await heading('お受けできません').waitFor();
    await lookInBoth(page, screens, 'refused');
  }

  /** The user (利用者), on the identity page by keyboard alone. */
  async function walkAsUser(): Promise<void> {
    desk.answer({});
    const { id, password } = account('user');
    await goToAcquisition(page, bank.siteUrl);
    await page.reload();
    const values: Readonly<Record<string, string>> = { 'お客様ID:': id, 'ログインパスワード:': password };
    for (let steps = 0; steps < 12 && focused.at(-1) !== '取得'; steps += 1) {
      const name = await tab(page);
      focused.push(name);
      // What the session remembers of the ID is overwritten: Tab has selected it.
      if (values[name]) await page.keyboard.type(values[name]);
    }
    await page.keyboard.press('Enter');
    await heading('電子証明書取得開始').waitFor();
    await acquire(page);
    await waitForDone(page);
    details.user = await shownDetails(page);
    privateKeys.atTheEnd = keysOnToken();
  }

  before(async function () {
    this.timeout(60_000);
    folder = await mkdtemp(join(tmpdir(), 'inkan-test-'));
    bank = await startBank({ stateFolder: join(folder, 'bank'), scheme: 'https', pendingMs: PENDING_MS });
    desk = layAgentDesk(folder);
    desk.addProfile(bank.profile);
    agent = await serveAgent(desk);
    const publicHosts = [bank.siteUrl, bank.caUrl].map((url) => `127.0.0.1:${new URL(url).port}`);
    context = await openBrowser({ profileFolder: join(folder, 'chromium'), publicHosts });
    await context.addInitScript(recordMoments);
    page = await firstPage(context);
    const walks = [walkTheBank, walkIdentity, walkToStart, walkCancelled, walkIssuing, walkAway, walkAgain, walkAsUser];
    for (const walk of walks) await walk();
  });
  after(async () => {
    await context?.close();
    await agent?.stop();
    await bank?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const japanese = (name: ScreenName): Shown => shownIn(screens, name, 'ja');
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
    const all = (): string => [...screens.values()].map(({ ja }) => ja?.text).join('\n');

    it('says お客様ID everywhere, and nowhere ログインID', () => expect(all()).not.to.include('ログインID'));
    for (const word of ['Webアクセスの確認', 'はいをクリック', 'いいえ'])
      it(`has no ${word}: the agent has its own dialog`, () => expect(all().replaceAll(' ', '')).not.to.include(word));
    it('announces one confirmation instead of two', () =>
      expect(japanese('start').text).to.include('確認画面が1度だけ表示されます。'));
    it('asks for no second one: not for the request, not for the write-back', () =>
      expect(details.administrator?.['subject']).to.include(account('administrator').id));
    it('needs no restart of the browser, and says so to those who know the old way', () => {
      expect(japanese('done').text).to.include('ブラウザーを終了する必要はありません。');
      expect(all()).not.to.include('一度ブラウザを終了');
    });
    it('has the certificate on the token, and not in the computer', () => {
      expect(japanese('done').text).to.include('電子証明書は、USBトークンの中に書き込まれました。');
      expect(all()).not.to.include('ご使用のパソコンに');
      expect(details.administrator?.['token']).to.include('desk');
    });
    it('announces that the PIN is asked by the agent, and never by the page', () => {
      expect(japanese('start').text).to.include('この画面でPINをお尋ねすることはありません。');
      expect(all()).not.to.include('暗証番号');
    });
  });

  describe('what its screens do', () => {
    it('the software keyboard takes the login password by mouse, and logs in', () => {
      expect(typed).to.equal(account('administrator').password);
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
      expect(kept).to.deep.equal({ id: account('administrator').id, password: '' }));
    it('中止 says what it means', () =>
      expect(japanese('issuing').text).to.include('認証局へ送信する前であれば、何も変わりません。'));
    it('中止 before the request is sent leaves everything as it was', () => {
      expect(japanese('cancelled').text).to.include('USBトークンも電子証明書も、何も変わっていません。');
      expect(privateKeys.afterCancel).to.equal(0);
    });
    it('中止 is gone once the request is sent, and words stand in its place', () => {
      expect(
        moments.some(({ sent }) => sent),
        '認証局へ送信したため、中止できません。',
      ).to.equal(true);
      expect(moments.filter(({ sent, cancel }) => sent && cancel)).to.deep.equal([]);
      expect(japanese('pending').accessible).not.to.include('button "中止"');
    });
    it('the certificate is shown: whose, by whom, until when, on which token', () => {
      expect(details.administrator).to.include.keys('subject', 'issuer', 'serial', 'validity', 'token', 'key');
      expect(Object.values(details.administrator ?? {})).not.to.include('');
    });
    it('このウィンドウを閉じる closes a window that a page has opened', () => expect(windows.opened).to.equal(true));
    it('このウィンドウを閉じる says how, where the browser does not let it', () =>
      expect(windows.own).to.include('このタブの「×」で閉じてください。'));
    it('a second acquisition is refused in words, with a way on', () => {
      expect(japanese('refused').text)
        .to.include('このお客様IDの電子証明書は、すでに取得されています')
        .and.to.include('電子証明書は1つのお客様IDにつき1枚です。');
      expect(japanese('refused').accessible)
        .to.include('link "手続きを再開する"')
        .and.to.include('link "ログイン画面に戻る"');
    });
    it('the identity page is walked by keyboard alone, in the order in which it is read', () =>
      expect(focused.slice(-5)).to.deep.equal([
        'お客様ID:',
        'ログインパスワード:',
        'ソフトウェアキーボード入力',
        '使用方法',
        '取得',
      ]));
    it('administrator and user each have a certificate of their own', () => {
      expect(details.administrator?.['subject']).to.include('管理者').and.to.include(account('administrator').id);
      expect(details.user?.['subject']).to.include('利用者').and.to.include(account('user').id);
      expect(details.user?.['serial']).not.to.equal(details.administrator?.['serial']);
      expect(privateKeys.atTheEnd).to.equal(2);
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
        const english = shownIn(screens, name, 'en');
        expect(english.main.replaceAll(NAMES, '')).not.to.match(JAPANESE);
        expect(rolesOf(english)).to.deep.equal(rolesOf(japanese(name)));
      });
  });

  describe('320 pixels wide', () => {
    for (const name of SCREENS)
      for (const language of ['ja', 'en'] as const)
        it(`${name}, ${language}: nothing sticks out`, () =>
          expect(shownIn(screens, name, language).overflow).to.equal(0));
  });
});

function shownIn(screens: Screens, name: ScreenName, language: 'ja' | 'en'): Shown {
  const shown = screens.get(name)?.[language];
  if (!shown) throw new Error(`The walk did not see ${name} in ${language}`);
  return shown;
}

declare global {
  // The page's own window.
  interface Window {
    moments: { sent: boolean; cancel: boolean }[];
  }
}

/** Runs in the page, before its own scripts. */
function recordMoments(): void {
  window.moments = [];
  const visible = (selector: string): boolean => document.querySelector(selector)?.checkVisibility() ?? false;
  new MutationObserver(() => {
    const issuing = '[data-screen="issuing"]';
    window.moments.push({
      sent: visible(`${issuing} [data-part="sent"]`),
      cancel: visible(`${issuing} [data-do="cancel"]`),
    });
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ['hidden'] });
}
