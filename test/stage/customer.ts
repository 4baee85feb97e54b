/** A customer who walks the manual's screens (`journey`), each step as the manual has it. */
import type { Page } from 'playwright-core';

export type Account = { readonly id: string; readonly password: string };

const LONG_MS = 60_000;

/** The bank's home page → WEB-FB → 電子証明書取得 → the CA's identity page. */
export async function goToAcquisition(page: Page, siteUrl: string): Promise<void> {
  await page.goto(`${siteUrl}/`);
  await page.getByRole('link', { name: 'WEB-FBログイン画面へ' }).click();
  await page.locator('#acquire').click();
  await page.getByRole('heading', { level: 1, name: '電子証明書取得' }).waitFor();
}

/** お客様ID and ログインパスワード, then 取得. */
export async function identify(page: Page, { id, password }: Account): Promise<void> {
  await page.getByLabel('お客様ID:').fill(id);
  await page.getByLabel('ログインパスワード:').fill(password);
  await page.getByRole('button', { name: '取得', exact: true }).click();
}

/** The header's switch; every screen has it. */
export async function switchLanguage(page: Page, language: '日本語' | 'English'): Promise<void> {
  await page
    .getByRole('navigation', { name: /^(言語|Language)$/ })
    .getByRole('link', { name: language })
    .click();
}

/** Presses each key of the software keyboard with the mouse; small letters, as the bank's passwords have. */
export async function typeOnScreen(page: Page, text: string): Promise<void> {
  await page.getByRole('button', { name: 'ソフトウェアキーボード入力' }).click();
  const board = page.getByRole('group', { name: 'ソフトウェアキーボード（ログインパスワード用）' });
  const press = (name: string): Promise<void> => board.getByRole('button', { name, exact: true }).click();
  for (const character of text) await press(character);
  await press('入力を終える');
}

/** Goes on with the Tab key, and tells what has the focus now, by the name that a screen reader says. */
export async function tab(page: Page): Promise<string> {
  await page.keyboard.press('Tab');
  return await page.evaluate(() => {
    const focused = document.activeElement;
    const label = focused instanceof HTMLInputElement ? focused.labels?.[0] : focused;
    return label?.textContent.trim() ?? '';
  });
}

/** 電子証明書取得前処理中 moves on by itself where the browser has nothing to ask; else it explains, and waits for a click. */
export async function waitForStart(page: Page): Promise<void> {
  const start = page.getByRole('heading', { name: '電子証明書取得開始' });
  // By what is visible: the button lies hidden in the document from the start.
  const explained = page.locator('[data-do="connect"]:visible');
  await start.or(explained).first().waitFor({ timeout: LONG_MS });
  if (await explained.isVisible()) await explained.click();
  await start.waitFor({ timeout: LONG_MS });
}

/** 取得: from here on the agent's own dialogs ask. */
export async function acquire(page: Page): Promise<void> {
  await page.locator('[data-do="acquire"]').click();
}

export async function waitForDone(page: Page): Promise<void> {
  await page.getByRole('heading', { name: '電子証明書のインストールが完了しました' }).waitFor({ timeout: LONG_MS });
}

/** The certificate's details as the last screen shows them. */
export async function shownDetails(page: Page): Promise<Record<string, string>> {
  const names = ['subject', 'issuer', 'serial', 'validity', 'token', 'key'];
  const entries = names.map(async (name) => [
    name,
    await page.locator(`[data-screen="done"] [data-fill="${name}"]`).innerText(),
  ]);
  return Object.fromEntries(await Promise.all(entries)) as Record<string, string>;
}
