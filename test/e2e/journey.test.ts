/**
 * The whole journey in a real browser: the reference bank over https in public address space, the agent as a process, a
 * SoftHSM token, a scripted human. What the manual has on its screens is asserted sentence by sentence in `manual.test.ts`.
 */
import { join } from 'node:path';
import { expect } from 'chai';
import type { BrowserContext, Page } from 'playwright-core';
import { type Bank, startBank } from '../../web-bridge/demo/bank.ts';
import { firstPage, openBrowser } from '../stage/browser.ts';
import { acquire, goToAcquisition, identify, shownDetails, waitForDone, waitForStart } from '../stage/customer.ts';
import { type CustomerPc, setUpPc } from '../stage/customer-pc.ts';
import { ownFolder } from '../stage/folder.ts';
import { inkan, type ServedAgent, serveAgent } from '../stage/served-agent.ts';
import { objectsOn } from '../stage/witness.ts';

describe('end to end: the journey', () => {
  let bank: Bank;
  let pc: CustomerPc;
  let agent: ServedAgent | undefined;
  let context: BrowserContext;
  let page: Page;

  async function open({ pendingMs = 0, granted = true, local = false } = {}): Promise<void> {
    bank = await startBank({ stateFolder: join(folder(), 'bank'), scheme: local ? 'http' : 'https', pendingMs });
    pc = setUpPc(folder());
    pc.addProfile(bank.profile);
    agent = await serveAgent(pc);
    const publicHosts = local ? [] : [bank.siteUrl, bank.caUrl].map((url) => `127.0.0.1:${new URL(url).port}`);
    context = await openBrowser({ profileFolder: join(folder(), 'chromium'), publicHosts });
    if (granted) await context.grantPermissions(['local-network-access'], { origin: bank.caUrl });
    page = await firstPage(context);
  }
  afterEach(async () => {
    await context.close();
    await agent?.stop();
    agent = undefined;
    await bank.close();
  });
  // Below the browser's end: until then Chromium writes into its folder, and would lay it anew.
  const folder = ownFolder();

  const administrator = () => bank.accounts[0] ?? { id: '', password: '' };

  async function toStart(): Promise<void> {
    await goToAcquisition(page, bank.siteUrl);
    await identify(page, administrator());
    await waitForStart(page);
  }

  it('leads from the home page to an installed certificate', async () => {
    await open();
    await toStart();
    await acquire(page);
    await waitForDone(page);
    const details = await shownDetails(page);
    expect(details['subject']).to.include(administrator().id);
    expect(details['token']).to.include('desk');
    const { json } = await inkan(pc, ['certificates', '--json']);
    const serials = (json as { serialNumber: string }[]).map(({ serialNumber }) => serialNumber);
    expect(serials).to.include(details['serial']?.replaceAll(/[^0-9a-f]/gi, '').toLowerCase());
    expect(objectsOn(pc, 'desk').filter((line) => line.startsWith('Private Key'))).to.have.lengthOf(1);
  });

  it('goes on where the page is reloaded in the middle', async () => {
    await open({ pendingMs: 2_000 });
    await toStart();
    await acquire(page);
    await page.getByText('発行待ち（この画面は閉じてもかまいません）').waitFor();
    await page.reload();
    await waitForDone(page);
    expect(objectsOn(pc, 'desk').filter((line) => line.startsWith('Private Key'))).to.have.lengthOf(1);
  });

  it('goes on where the tab is closed, and shows the outcome in a new one', async () => {
    await open({ pendingMs: 2_000 });
    await toStart();
    await acquire(page);
    await page.getByText('発行待ち（この画面は閉じてもかまいません）').waitFor();
    const { origin } = new URL(page.url());
    const other = await context.newPage();
    await page.close();
    await other.goto(`${origin}/acquisition`);
    await waitForDone(other);
  });

  it('shows what a refusing human means, and comes back to a certificate', async () => {
    await open();
    pc.answer({ consent: 'refuse' });
    await toStart();
    await acquire(page);
    await page.getByRole('heading', { name: '取得できませんでした' }).waitFor();
    expect(await page.locator('[data-screen="failure"]').innerText())
      .to.include('何も変更されていません')
      .and.to.include('U01');
    expect(objectsOn(pc, 'desk')).to.deep.equal([]);
    pc.answer({});
    await page.getByRole('button', { name: 'もう一度試す' }).click();
    await waitForDone(page);
  });

  it('explains where the browser denies the way to the agent (headless denies by itself)', async () => {
    await open({ granted: false });
    await goToAcquisition(page, bank.siteUrl);
    await identify(page, administrator());
    await page.getByText('ブラウザーの確認メッセージ（見本）').waitFor();
    await page.getByRole('button', { name: '確認メッセージへ進む' }).click();
    await page.getByRole('heading', { name: '電子証明書アプリ（Inkan）に接続できません' }).waitFor();
    expect(objectsOn(pc, 'desk')).to.deep.equal([]);
  });

  it('announces no question where the page is on this computer itself, for there none comes', async () => {
    await open({ granted: false, local: true });
    await goToAcquisition(page, bank.siteUrl);
    await identify(page, administrator());
    // No click on the way: where the question is announced, the page waits for one.
    await page.getByRole('heading', { name: '電子証明書取得開始' }).waitFor();
    const state = await page.evaluate(
      async () => (await navigator.permissions.query({ name: 'loopback-network' as PermissionName })).state,
    );
    expect(state).to.equal('prompt');
  });
});
