/** One walk past every screen of the reference bank; whoever walks along looks at each: axe, a camera. */
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { type Bank, startBank } from '../../web-bridge/demo/bank.ts';
import { firstPage, openBrowser } from './browser.ts';
import { acquire, goToAcquisition, identify, switchLanguage, waitForDone } from './customer.ts';
import { type CustomerPc, setUpPc } from './customer-pc.ts';
import { serveAgent } from './served-agent.ts';

export type Look = (page: Page, name: string, language: 'ja' | 'en') => Promise<void>;

type Walk = {
  readonly bank: Bank;
  readonly pc: CustomerPc;
  readonly context: BrowserContext;
  readonly page: Page;
  /** In the language of the page, Japanese. */
  readonly see: (name: string) => Promise<void>;
  /** In both languages, by the header's switch. */
  readonly seeBoth: (name: string) => Promise<void>;
  readonly logIn: (role: string) => Promise<void>;
};

const LANG = { 日本語: 'ja', English: 'en' } as const;

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const accountOf = (bank: Bank, role: string) =>
  bank.accounts.find((account) => account.role === role) ?? { id: '', password: '' };

async function pastTheBank({ bank, page, see, seeBoth, logIn }: Walk): Promise<void> {
  const paths = { home: '/', login: '/login', 'keyboard help': '/software-keyboard', help: '/help', app: '/app' };
  for (const [name, path] of Object.entries(paths)) {
    await page.goto(`${bank.siteUrl}${path}`);
    await seeBoth(name);
  }
  await page.goto(`${bank.siteUrl}/nowhere`);
  await seeBoth('not found');
  await page.goto(`${bank.siteUrl}/login`);
  await page.getByLabel('お客様ID:').fill('54100001');
  await page.getByLabel('ログインパスワード:').fill('wrong');
  await press(page, 'ソフトウェアキーボード入力');
  await see('software keyboard');
  await press(page, 'ログイン');
  await page.getByRole('alert').waitFor();
  await see('wrong password');
  await logIn('administrator');
  await seeBoth('contract without certificate');
  await press(page, 'ログアウト');
}

async function pastTheAcquisition({ bank, pc, context, page, seeBoth }: Walk): Promise<void> {
  await page.goto(`${bank.caUrl}/reacquire`);
  await seeBoth('re-acquisition');
  await goToAcquisition(page, bank.siteUrl);
  await seeBoth('acquisition');
  await identify(page, accountOf(bank, 'administrator'));
  await page.getByRole('button', { name: '確認メッセージへ進む' }).waitFor();
  await seeBoth('preparing');
  for (const origin of [bank.siteUrl, bank.caUrl]) await context.grantPermissions(['local-network-access'], { origin });
  await page.reload();
  await heading(page, '電子証明書取得開始');
  await seeBoth('start');
  pc.answer({ consent: 'ignore' });
  await acquire(page);
  await page.getByText('内容の確認 – 電子証明書アプリ（Inkan）').waitFor();
  await seeBoth('issuing');
  await press(page, '中止');
  await heading(page, '中止しました');
  await seeBoth('cancelled');
}

async function pastTheEnd({ bank, pc, page, see, seeBoth }: Walk): Promise<void> {
  await page.goto(`${bank.caUrl}/acquire`);
  await identify(page, accountOf(bank, 'administrator'));
  await heading(page, '電子証明書取得開始');
  pc.answer({ consent: 'refuse' });
  await acquire(page);
  await heading(page, '取得できませんでした');
  await see('failure');
  pc.answer({});
  await press(page, 'もう一度試す');
  await waitForDone(page);
  await seeBoth('done');
  await goToAcquisition(page, bank.siteUrl);
  await identify(page, accountOf(bank, 'administrator'));
  await heading(page, 'お受けできません');
  await seeBoth('refused');
}

async function pastTheLogIn({ bank, pc, page, see, seeBoth, logIn }: Walk): Promise<void> {
  pc.answer({ consent: 'ignore' });
  await page.goto(`${bank.siteUrl}/certificate-login`);
  await page.getByText('内容の確認 – 電子証明書アプリ（Inkan）').waitFor();
  await see('log-in by certificate');
  pc.answer({ consent: 'refuse' });
  await page.goto(`${bank.siteUrl}/certificate-login`);
  await page.getByText('U01').waitFor();
  await see('log-in by certificate refused');
  pc.answer({});
  await press(page, 'もう一度試す');
  await heading(page, 'ご契約内容');
  await seeBoth('contract');
  await press(page, 'ログアウト');
  await logIn('administrator');
  await page.getByText('ログインパスワードだけではログインできません').waitFor();
  await see('password alone');
}

async function pastTheStaff({ bank, page, see, seeBoth, logIn }: Walk): Promise<void> {
  await logIn('staff');
  await seeBoth('staff');
  await page.getByRole('link', { name: '失効' }).click();
  await heading(page, '電子証明書の失効');
  await seeBoth('revocation');
  await press(page, '失効する');
  await page.getByText('の電子証明書を失効しました。').waitFor();
  await see('revoked');
  await goToAcquisition(page, bank.siteUrl);
  await identify(page, accountOf(bank, 'administrator'));
  await page.getByText('このお客様IDの電子証明書は失効しています。').waitFor();
  await seeBoth('refused after revocation');
  await page.goto(`${bank.siteUrl}/account`);
  await page.getByRole('link', { name: '再発行' }).click();
  await heading(page, '電子証明書の再発行');
  await seeBoth('reissue');
  await press(page, '再発行する');
  await page.getByText('の再発行を受け付けました。').waitFor();
  await page.getByRole('button', { name: 'ログアウト' }).click();
  // Open again: by password, and to a new certificate.
  await logIn('administrator');
  await heading(page, 'ご契約内容');
  await goToAcquisition(page, bank.siteUrl);
  await identify(page, accountOf(bank, 'administrator'));
  await heading(page, '電子証明書取得開始');
}

async function pastUnreached({ bank, page, seeBoth }: Walk): Promise<void> {
  await page.goto(`${bank.caUrl}/acquire`);
  await identify(page, accountOf(bank, 'user'));
  await heading(page, '電子証明書アプリ（Inkan）に接続できません');
  await seeBoth('agent not running');
}

function walkOf(bank: Bank, pc: CustomerPc, context: BrowserContext, page: Page, look: Look): Walk {
  const turn = async (language: '日本語' | 'English'): Promise<void> => {
    const within = page.locator('main [data-screen]:visible');
    const same = (await within.count()) > 0 ? `[data-screen="${await within.getAttribute('data-screen')}"]` : 'h1';
    await switchLanguage(page, language);
    await page.locator(`html[lang="${LANG[language]}"] ${same}`).first().waitFor();
  };
  return {
    bank,
    pc,
    context,
    page,
    see: (name) => look(page, name, 'ja'),
    seeBoth: async (name) => {
      await look(page, name, 'ja');
      await turn('English');
      await look(page, name, 'en');
      await turn('日本語');
    },
    logIn: async (role) => {
      const { id, password } = accountOf(bank, role);
      await page.goto(`${bank.siteUrl}/login`);
      await page.getByLabel('お客様ID:').fill(id);
      await page.getByLabel('ログインパスワード:').fill(password);
      await press(page, 'ログイン');
    },
  };
}

export async function walkPastEveryScreen(folder: string, look: Look): Promise<void> {
  const bank = await startBank({ stateFolder: join(folder, 'bank'), scheme: 'https' });
  const pc = setUpPc(folder);
  pc.addProfile(bank.profile);
  const agent = await serveAgent(pc);
  const publicHosts = [bank.siteUrl, bank.caUrl].map((url) => `127.0.0.1:${new URL(url).port}`);
  const context = await openBrowser({ profileFolder: join(folder, 'chromium'), publicHosts });
  let stopped = false;
  try {
    const walk = walkOf(bank, pc, context, await firstPage(context), look);
    for (const past of [pastTheBank, pastTheAcquisition, pastTheEnd, pastTheLogIn, pastTheStaff]) await past(walk);
    await agent.stop();
    stopped = true;
    await pastUnreached(walk);
  } finally {
    await context.close();
    if (!stopped) await agent.stop();
    await bank.close();
  }
}
