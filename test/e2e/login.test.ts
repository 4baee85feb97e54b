/**
 * What comes after the journey, in the same browser that never was restarted: 電子証明書ログイン, the days left, 更新 with a new
 * key, the log-in with the new certificate, and the removal of the old pair.
 */
import { join } from 'node:path';
import { expect } from 'chai';
import type { BrowserContext, Page } from 'playwright-core';
import { type Bank, type BankOptions, startBank } from '../../web-bridge/demo/bank.ts';
import { firstPage, openBrowser } from '../stage/browser.ts';
import { acquire, goToAcquisition, identify, shownDetails, waitForDone, waitForStart } from '../stage/customer.ts';
import { type CustomerPc, setUpPc } from '../stage/customer-pc.ts';
import { ownFolder } from '../stage/folder.ts';
import { type ServedAgent, serveAgent } from '../stage/served-agent.ts';
import { objectsOn } from '../stage/witness.ts';

describe('end to end: the log-in with the certificate', () => {
  const folder = ownFolder();
  let bank: Bank;
  let pc: CustomerPc;
  let agent: ServedAgent;
  let context: BrowserContext;
  let page: Page;

  async function open(options: Partial<BankOptions> = {}): Promise<void> {
    bank = await startBank({ stateFolder: join(folder(), 'bank'), scheme: 'https', ...options });
    pc = setUpPc(folder());
    pc.addProfile(bank.profile);
    agent = await serveAgent(pc);
    const publicHosts = [bank.siteUrl, bank.caUrl].map((url) => `127.0.0.1:${new URL(url).port}`);
    context = await openBrowser({ profileFolder: join(folder(), 'chromium'), publicHosts });
    for (const origin of [bank.siteUrl, bank.caUrl])
      await context.grantPermissions(['local-network-access'], { origin });
    page = await firstPage(context);
  }
  afterEach(async () => {
    await context.close();
    await agent.stop();
    await bank.close();
  });

  const administrator = () => bank.accounts[0] ?? { id: '', password: '' };
  const keysOn = () => objectsOn(pc, 'desk').filter((line) => line.startsWith('Private Key')).length;

  /** 取得 or 再取得, to the last screen; answers the new certificate's serial number. */
  async function finish(): Promise<string> {
    await waitForStart(page);
    await acquire(page);
    await waitForDone(page);
    return (await shownDetails(page))['serial']?.toLowerCase().replaceAll(/[^0-9a-f]/g, '') ?? '';
  }
  async function logIn(): Promise<void> {
    await page.goto(`${bank.siteUrl}/login`);
    await page.getByRole('link', { name: '電子証明書ログイン' }).click();
  }
  const contract = () => page.getByRole('heading', { name: 'ご契約内容' }).waitFor();

  it('works at once after the acquisition; then 更新, a log-in with the new certificate, and the old pair is removed', async () => {
    // A window so wide that a certificate of today is in it.
    await open({ renewal: { opensDaysBefore: 400, closesDaysAfter: 90 } });
    await goToAcquisition(page, bank.siteUrl);
    await identify(page, administrator());
    const old = await finish();

    await page.getByRole('link', { name: 'ログイン画面へ' }).click();
    await page.getByRole('link', { name: '電子証明書ログイン' }).click();
    await contract();
    expect(await page.locator('dl.facts').innerText())
      .to.include(administrator().id)
      .and.to.match(/あと36[45]日/);
    expect(await page.locator('#removal').count()).to.equal(0);

    await page.getByRole('link', { name: '更新へ進む' }).click();
    await page.getByLabel('お客様ID:').fill(administrator().id);
    await page.getByLabel('ログインパスワード:').fill(administrator().password);
    await page.getByRole('button', { name: '再取得', exact: true }).click();
    await page.getByText('「この内容で更新する」を選んでください').waitFor();
    const young = await finish();
    expect(young).not.to.equal(old);
    expect(keysOn()).to.equal(2);

    // Until the new one has logged in, the old one does.
    pc.answer({ choose: old });
    await logIn();
    await contract();
    expect(await page.locator('#removal').count()).to.equal(0);
    pc.answer({ choose: young });
    await logIn();
    await contract();

    pc.answer({ choose: old });
    const other = await context.newPage();
    await other.goto(`${bank.siteUrl}/certificate-login`);
    await other.getByText('この電子証明書ではログインできませんでした').waitFor();
    await other.close();

    pc.answer({});
    await page.getByRole('button', { name: '古い電子証明書を削除する' }).click();
    await page.getByText('古い電子証明書とその鍵を、USBトークンから削除しました').waitFor();
    expect(keysOn()).to.equal(1);
    await logIn();
    await contract();
    expect(await page.locator('#removal').count()).to.equal(0);
  });

  it('says in words why it cannot be, and what to do; the same screen then goes on', async () => {
    await open();
    await logIn();
    await page.getByText('必要な電子証明書が、差し込まれているUSBトークンの中に見つかりません').waitFor();
    expect(await page.locator('#certificate-login').innerText()).to.include('T15');
    await goToAcquisition(page, bank.siteUrl);
    await identify(page, administrator());
    await finish();
    pc.answer({ consent: 'refuse' });
    await logIn();
    await page.getByText('U01').waitFor();
    pc.answer({});
    await page.getByRole('button', { name: 'もう一度試す' }).click();
    await contract();
  });
});
