/**
 * The browser's permission question on the way to the agent, on the bank's own page: https, a name of its own, public
 * address space. A headless Chromium denies by itself, so this one has a window, a screen and a mouse.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { BrowserContext, Page } from 'playwright-core';
import type { Role } from '../../web-bridge/demo/accounts.ts';
import { type Bank, startBank } from '../../web-bridge/demo/bank.ts';
import { childrenOf } from '../contract/processes.ts';
import { type CountedHuman, layCountedHuman } from '../doubles/counting-pinentry.ts';
import { firstPage, openBrowser } from '../stage/browser.ts';
import { type Account, acquire, goToAcquisition, identify, waitForDone } from '../stage/customer.ts';
import { type CustomerPc, setUpPc } from '../stage/customer-pc.ts';
import { answerQuestion, hasScreen, openScreen, questionIsReadable, type Screen } from '../stage/screen.ts';
import { type ServedAgent, serveAgent } from '../stage/served-agent.ts';
import { skip } from '../stage/skip.ts';
import { objectsOn } from '../stage/witness.ts';

const HOSTNAMES = { site: 'www.bank.example', ca: 'ca.bank.example' };
/** Longer than the second after which the SDK takes a failure for an answer, and than the page's look for a token. */
const THINKING_MS = 5_000;

describe("end to end: the browser's question", () => {
  let folder: string;
  let bank: Bank;
  let pc: CustomerPc;
  let agent: ServedAgent;
  let human: CountedHuman;
  let screen: Screen | undefined;
  let context: BrowserContext;
  let page: Page;

  before(async function () {
    if (!hasScreen()) skip(this, 'the browser asks on a screen only, which needs Xvfb and xdotool');
    folder = await mkdtemp(join(tmpdir(), 'inkan-test-'));
    bank = await startBank({ stateFolder: join(folder, 'bank'), scheme: 'https', hostnames: HOSTNAMES });
    pc = setUpPc(folder);
    pc.addProfile(bank.profile);
    human = layCountedHuman(folder, pc.pin);
    agent = await serveAgent(pc, { person: true, environment: human.environment });
    screen = await openScreen();
  });
  after(async () => {
    if (!screen) return;
    await screen.close();
    await agent.stop();
    await bank.close();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    context = await openBrowser({
      profileFolder: await mkdtemp(join(folder, 'chromium-')),
      headed: true,
      display: shown().display,
      hostnames: Object.values(HOSTNAMES),
      publicHosts: [bank.siteUrl, bank.caUrl].map((url) => `127.0.0.1:${new URL(url).port}`),
    });
    page = await firstPage(context);
  });
  afterEach(() => context.close());

  const shown = (): Screen => {
    if (!screen) throw new Error('there is no screen');
    return screen;
  };
  const permissionState = () =>
    page.evaluate(
      async () => (await navigator.permissions.query({ name: 'loopback-network' as PermissionName })).state,
    );
  async function toTheQuestion(account: Account): Promise<void> {
    await goToAcquisition(page, bank.siteUrl);
    await identify(page, account);
    await page.getByText('次に、ブラウザーの確認メッセージが表示されます。').waitFor();
    expect(await permissionState()).to.equal('prompt');
    await page.getByRole('button', { name: '確認メッセージへ進む' }).click();
    await questionIsReadable();
  }
  const account = (role: Role): Account =>
    bank.accounts.find((account) => account.role === role) ?? { id: '', password: '' };
  const heading = (name: string) => page.getByRole('heading', { level: 1, name });

  it('waits for as long as the question is open, and on Allow leads to the installed certificate: one consent, one PIN', async () => {
    await toTheQuestion(account('administrator'));
    await sleep(THINKING_MS);
    expect(await permissionState()).to.equal('prompt');
    expect(await heading('電子証明書取得前処理中').isVisible()).to.equal(true);
    expect(await page.locator('main').innerText())
      .to.include('ブラウザーの確認メッセージへの回答を待っています。')
      .and.to.include('表示されているメッセージで「許可」を選んでください。');
    expect(await page.getByRole('button', { name: '確認メッセージへ進む' }).isVisible()).to.equal(false);
    // Every look at a token is a token host's work, and the agent starts none before a page has reached it.
    expect(childrenOf(agent.process.pid ?? 0), 'token hosts').to.deep.equal([]);
    answerQuestion(shown(), 'allow');
    await heading('電子証明書取得開始').waitFor();
    await acquire(page);
    await waitForDone(page);
    expect(objectsOn(pc, 'desk').filter((line) => line.startsWith('Private Key'))).to.have.lengthOf(1);
    // The whole human cost: the one question of the browser above, which nobody was there to answer twice, and these.
    expect(human.windows()).to.deep.equal([
      'confirm: 内容の確認 – 電子証明書アプリ（Inkan）',
      'PIN: USBトークンのPIN – 電子証明書アプリ（Inkan）',
    ]);
    expect(await permissionState()).to.equal('granted');
  });

  it('says what was denied and how to allow it, and goes on by itself once it is allowed', async () => {
    await toTheQuestion(account('user'));
    answerQuestion(shown(), 'block');
    await heading('電子証明書アプリ（Inkan）に接続できません').waitFor();
    expect(await permissionState()).to.equal('denied');
    expect(await page.getByRole('alert').innerText())
      .to.include('ブラウザーの設定で許可されていません')
      .and.to.include('アドレスバーの左端のアイコン');
    await context.grantPermissions(['local-network-access'], { origin: bank.caUrl });
    await heading('電子証明書取得開始').waitFor();
  });

  it('tells a question that was closed, and explains it again where the customer tries again', async () => {
    await toTheQuestion(account('user'));
    answerQuestion(shown(), 'close');
    await heading('電子証明書アプリ（Inkan）に接続できません').waitFor();
    expect(await page.getByRole('alert').innerText()).to.include('確認メッセージが閉じられたため');
    await page.getByRole('button', { name: 'もう一度試す' }).click();
    await page.getByRole('button', { name: '確認メッセージへ進む' }).click();
    await questionIsReadable();
    answerQuestion(shown(), 'allow');
    await heading('電子証明書取得開始').waitFor();
  });
});
