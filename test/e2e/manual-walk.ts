/** One walk through the whole manual, as the administrator and then as a user, and what was seen on it. */
import { join } from 'node:path';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import type { Role } from '../../web-bridge/demo/accounts.ts';
import { type Bank, startBank } from '../../web-bridge/demo/bank.ts';
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
import { type CustomerPc, setUpPc } from '../stage/customer-pc.ts';
import { serveAgent } from '../stage/served-agent.ts';
import { objectsOn } from '../stage/witness.ts';
import { look, lookInBoth, type Screens } from './manual-screens.ts';

/** Time for a look at 発行待ち in both languages. */
const PENDING_MS = 4_000;

export type Seen = {
  readonly screens: Screens;
  readonly accounts: Readonly<Record<Role, Account>>;
  /** What the software keyboard had put into the field. */
  typed: string;
  /** What the identity page had in its fields after a wrong password. */
  readonly kept: { id: string; password: string };
  readonly privateKeys: { afterCancel: number; atTheEnd: number };
  /** What was visible together on 発行処理中, at each change. */
  moments: { sent: boolean; cancel: boolean }[];
  readonly windows: { own: string; opened: boolean };
  /** What had the focus, one Tab after the other. */
  readonly focused: string[];
  readonly details: Partial<Record<Role, Record<string, string>>>;
};

type Stage = {
  readonly bank: Bank;
  readonly pc: CustomerPc;
  readonly context: BrowserContext;
  readonly page: Page;
  readonly seen: Seen;
  account(role: Role): Account;
  heading(name: string): Locator;
  press(name: string): Promise<void>;
  follow(name: string): Promise<void>;
  keysOnToken(): number;
};

async function walkTheBank(stage: Stage): Promise<void> {
  const { bank, page, seen } = stage;
  await page.goto(`${bank.siteUrl}/`);
  await lookInBoth(page, seen.screens, 'home');
  await stage.follow('WEB-FBログイン画面へ');
  await lookInBoth(page, seen.screens, 'login');
  await stage.follow('使用方法');
  await lookInBoth(page, seen.screens, 'keyboard help');
  await stage.follow('前の画面に戻る');
  await page.getByLabel('お客様ID:').fill(stage.account('administrator').id);
  await typeOnScreen(page, stage.account('administrator').password);
  seen.typed = await page.getByLabel('ログインパスワード:').inputValue();
  await stage.press('ログイン');
  await stage.heading('ご契約内容').waitFor();
  await lookInBoth(page, seen.screens, 'contract');
  await stage.press('ログアウト');
}

async function walkIdentity(stage: Stage): Promise<void> {
  const { bank, page, seen } = stage;
  await stage.follow('電子証明書再取得');
  await lookInBoth(page, seen.screens, 'identity again');
  await goToAcquisition(page, bank.siteUrl);
  await lookInBoth(page, seen.screens, 'identity');
  await identify(page, { id: stage.account('administrator').id, password: 'wrong' });
  await page.getByRole('alert').waitFor();
  await look(page, seen.screens, 'wrong password');
  seen.kept.id = await page.getByLabel('お客様ID:').inputValue();
  seen.kept.password = await page.getByLabel('ログインパスワード:').inputValue();
  await identify(page, stage.account('administrator'));
}

async function walkToStart(stage: Stage): Promise<void> {
  const { bank, context, page, seen } = stage;
  await page.getByRole('button', { name: '確認メッセージへ進む' }).waitFor();
  await lookInBoth(page, seen.screens, 'preparing');
  await context.grantPermissions(['local-network-access'], { origin: bank.caUrl });
  await page.reload();
  // No click: with nothing to ask, the screen moves on by itself.
  await stage.heading('電子証明書取得開始').waitFor();
  await lookInBoth(page, seen.screens, 'start');
}

/** 中止 while the agent's dialog waits, in Japanese; and before anything was begun, in English. */
async function walkCancelled(stage: Stage): Promise<void> {
  const { pc, page, seen } = stage;
  pc.answer({ consent: 'ignore' });
  await acquire(page);
  await stage.heading('電子証明書発行処理中').waitFor();
  await page.getByText('ブラウザーの後ろに隠れていることがあります').waitFor();
  await lookInBoth(page, seen.screens, 'issuing');
  await stage.press('中止');
  await stage.heading('中止しました').waitFor();
  await look(page, seen.screens, 'cancelled');
  seen.privateKeys.afterCancel = stage.keysOnToken();
  await stage.follow('最初からやり直す');
  await identify(page, stage.account('administrator'));
  await stage.heading('電子証明書取得開始').waitFor();
  await switchLanguage(page, 'English');
  await stage.heading('Start acquiring the certificate').waitFor();
  await stage.press('Cancel');
  await look(page, seen.screens, 'cancelled');
  await stage.follow('Start over');
  await switchLanguage(page, '日本語');
  await identify(page, stage.account('administrator'));
}

/** A human who approves once: every further question would be refused, and the journey would fail. */
async function walkIssuing(stage: Stage): Promise<void> {
  const { pc, page, seen } = stage;
  await stage.heading('電子証明書取得開始').waitFor();
  pc.answer({ consent: 'approve' });
  await acquire(page);
  await page.locator('[data-state="consented"]:is([data-mark="current"], [data-mark="done"])').waitFor();
  pc.answer({ consent: 'refuse' });
  await page.getByText('発行待ち（この画面は閉じてもかまいません）').waitFor();
  pc.answer({ consent: 'refuse', pin: 'cancel' });
  seen.moments = await page.evaluate(() => window.moments);
  await lookInBoth(page, seen.screens, 'pending');
  await waitForDone(page);
  await lookInBoth(page, seen.screens, 'done');
  seen.details.administrator = await shownDetails(page);
}

async function walkAway(stage: Stage): Promise<void> {
  const { context, page, seen } = stage;
  const opening = context.waitForEvent('page');
  await page.evaluate(() => void open('/acquisition'));
  const opened = await opening;
  await waitForDone(opened);
  const closing = opened.waitForEvent('close');
  const button = opened.getByRole('button', { name: 'このウィンドウを閉じる' });
  // The window may be gone before it has told that it was clicked: that it closes is what counts.
  await Promise.all([closing, button.click().catch(() => undefined)]);
  seen.windows.opened = opened.isClosed();
  await stage.press('このウィンドウを閉じる');
  await page.locator('[data-part="close-failed"]').waitFor();
  seen.windows.own = await page.locator('main').innerText();
  await stage.follow('ログイン画面へ');
  await stage.follow('電子証明書ログイン');
  await stage.heading('電子証明書ログイン').waitFor();
  await lookInBoth(page, seen.screens, 'log-in by certificate');
}

async function walkAgain(stage: Stage): Promise<void> {
  const { bank, page, seen } = stage;
  await goToAcquisition(page, bank.siteUrl);
  await identify(page, stage.account('administrator'));
  await stage.heading('お受けできません').waitFor();
  await lookInBoth(page, seen.screens, 'refused');
}

/** The user (利用者), on the identity page by keyboard alone. */
async function walkAsUser(stage: Stage): Promise<void> {
  const { bank, pc, page, seen } = stage;
  pc.answer({});
  const { id, password } = stage.account('user');
  await goToAcquisition(page, bank.siteUrl);
  await page.reload();
  const values: Readonly<Record<string, string>> = { 'お客様ID:': id, 'ログインパスワード:': password };
  for (let steps = 0; steps < 12 && seen.focused.at(-1) !== '取得'; steps += 1) {
    const name = await tab(page);
    seen.focused.push(name);
    // What the session remembers of the ID is overwritten: Tab has selected it.
    if (values[name]) await page.keyboard.type(values[name]);
  }
  await page.keyboard.press('Enter');
  await stage.heading('電子証明書取得開始').waitFor();
  await acquire(page);
  await waitForDone(page);
  seen.details.user = await shownDetails(page);
  seen.privateKeys.atTheEnd = stage.keysOnToken();
}

const WALKS = [walkTheBank, walkIdentity, walkToStart, walkCancelled, walkIssuing, walkAway, walkAgain, walkAsUser];

export async function walkTheManual(folder: string): Promise<Seen> {
  const bank = await startBank({ stateFolder: join(folder, 'bank'), scheme: 'https', pendingMs: PENDING_MS });
  const pc = setUpPc(folder);
  pc.addProfile(bank.profile);
  const agent = await serveAgent(pc);
  const publicHosts = [bank.siteUrl, bank.caUrl].map((url) => `127.0.0.1:${new URL(url).port}`);
  const context = await openBrowser({ profileFolder: join(folder, 'chromium'), publicHosts });
  try {
    await context.addInitScript(recordMoments);
    const stage = stageOf(bank, pc, context, await firstPage(context));
    for (const walk of WALKS) await walk(stage);
    return stage.seen;
  } finally {
    await context.close();
    await agent.stop();
    await bank.close();
  }
}

function stageOf(bank: Bank, pc: CustomerPc, context: BrowserContext, page: Page): Stage {
  const account = (role: Role): Account =>
    bank.accounts.find((account) => account.role === role) ?? { id: '', password: '' };
  const seen: Seen = {
    screens: new Map(),
    accounts: { administrator: account('administrator'), user: account('user') },
    typed: '',
    kept: { id: '', password: 'not looked at' },
    privateKeys: { afterCancel: -1, atTheEnd: -1 },
    moments: [],
    windows: { own: '', opened: false },
    focused: [],
    details: {},
  };
  return {
    bank,
    pc,
    context,
    page,
    seen,
    account,
    heading: (name) => page.getByRole('heading', { level: 1, name, exact: true }),
    press: (name) => page.getByRole('button', { name, exact: true }).click(),
    follow: (name) => page.getByRole('link', { name, exact: true }).click(),
    keysOnToken: () => objectsOn(pc, 'desk').filter((line) => line.startsWith('Private Key')).length,
  };
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
