/** `<inkan-enrollment>` in a real Chromium, on a page whose policy allows no inline style, no inline script and no Trusted Types. */
import { once } from 'node:events';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { expect } from 'chai';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { WebSocketServer } from 'ws';
import { isForeignPeer } from '../../agent/platform/linux-socket-owner.ts';
import type { InkanEnrollmentElement } from '../../web-bridge/sdk/inkan-element.ts';
import { SDK_WORDS } from '../../web-bridge/sdk/words.ts';
import { type Bridge, startBridge } from '../../web-bridge/server/server.ts';
import { axeViolations } from '../stage/axe.ts';
import { servePages } from './sdk-page.ts';
import { createSmallAgent, RESULT, type SmallAgent, wordsOf } from './small-agent.ts';

type ElementSeen = { violations: string[]; events: string[]; orders: number };
declare global {
  // The test page's own window.
  interface Window {
    elementSeen: ElementSeen;
  }
}

async function freePort(): Promise<number> {
  const server = createTcp().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('the element in Chromium', function () {
  this.timeout(20_000);
  let pages: Awaited<ReturnType<typeof servePages>>;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let agent: SmallAgent;
  let bridge: Bridge | undefined;
  let port: number;

  before(async () => {
    pages = await servePages();
    const space = `--ip-address-space-overrides=127.0.0.1:${new URL(pages.origin).port}=public`;
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', space] });
  });
  after(async () => {
    await browser?.close();
    pages.server.closeAllConnections();
    pages.server.close();
  });
  beforeEach(async () => {
    port = await freePort();
    agent = createSmallAgent();
    context = await browser.newContext();
    page = await context.newPage();
  });
  afterEach(async () => {
    const violations = await page.evaluate(() => window.elementSeen.violations);
    await context.close();
    await bridge?.close();
    bridge = undefined;
    expect(violations).to.deep.equal([]);
  });

  const startAgent = async (): Promise<void> => {
    const origins = new Set([pages.origin]);
    const { handlers } = agent;
    bridge = await startBridge({
      ports: [port],
      origins: () => origins,
      handlers,
      isForeignPeer,
      words: wordsOf,
      report() {},
    });
  };
  const grant = () => context.grantPermissions(['local-network-access'], { origin: pages.origin });
  const visit = async (language = 'ja'): Promise<void> => {
    await page.goto(`${pages.origin}/element?ports=[${port}]&lang=${language}`);
    await page.locator('inkan-enrollment .what').waitFor();
  };
  const text = () => page.locator('inkan-enrollment').evaluate(({ shadowRoot }) => shadowRoot?.textContent ?? '');
  const says = (words: string) => page.locator('inkan-enrollment').getByText(words).first().waitFor();
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  const id = (): string => [...agent.enrollments.keys()].at(-1) ?? '';
  const events = () => page.evaluate(() => window.elementSeen.events);
  const findings = () => axeViolations(page, 'inkan-enrollment');

  for (const language of ['ja', 'en'] as const)
    it(`explains before the browser asks, with picture, reason, telephone and the only address (${language})`, async () => {
      await visit(language);
      await says(SDK_WORDS.explain[language].what);
      expect(await text())
        .to.include(SDK_WORDS.explain[language].remedy)
        .and.to.include('電子証明書をお渡しするためです。')
        .and.to.include('0120-000-000');
      expect(await page.locator('figure.question').innerText()).to.include(new URL(pages.origin).host);
      expect(await page.locator('inkan-enrollment a').getAttribute('href')).to.equal('https://www.bank.example/inkan');
      expect(await findings()).to.deep.equal([]);
    });

  it('has no link but to https', async () => {
    await visit();
    await page.evaluate(() => {
      const element = document.querySelector<InkanEnrollmentElement>('inkan-enrollment');
      element?.setAttribute('download', 'javascript:alert(1)');
      document.querySelector('main')?.append(element ?? '');
    });
    await says('javascript:alert(1)');
    expect(await page.locator('inkan-enrollment a').count()).to.equal(0);
  });

  it('says what to do where the permission is denied, and goes on once it is granted', async () => {
    await visit();
    const devtools = await browser.newBrowserCDPSession();
    const { targetInfos } = await devtools.send('Target.getTargets');
    const browserContextId = targetInfos.find(({ url }) => url.startsWith(pages.origin))?.browserContextId ?? '';
    await devtools.send('Browser.setPermission', {
      permission: { name: 'loopback-network' },
      setting: 'denied',
      origin: pages.origin,
      browserContextId,
    });
    await visit();
    await says(SDK_WORDS.denied.ja.what);
    expect(await text())
      .to.include(SDK_WORDS.denied.ja.remedy)
      .and.to.include('S02');
    await grant();
    await says(SDK_WORDS.ready.ja.what);
  });

  it('says that the browser cannot do it, where it cannot', async () => {
    await page.addInitScript(() => Object.assign(window, { WebSocket: undefined }));
    await visit();
    await says(SDK_WORDS.unsupported.ja.what);
    expect(await page.getByRole('button').count()).to.equal(0);
  });

  describe('with the permission granted', () => {
    beforeEach(grant);

    it('announces no question where none will come', async () => {
      await visit();
      await says(SDK_WORDS.ready.ja.what);
      expect(await page.locator('figure').count()).to.equal(0);
    });

    it('says why, whom to call and where to get the agent, where nobody answers; then tries again', async () => {
      await visit();
      await press('取得する');
      await says(SDK_WORDS['not-running'].ja.what);
      expect(await text())
        .to.include('電子証明書をお渡しするためです。')
        .and.to.include('0120-000-000')
        .and.to.include('https://www.bank.example/inkan')
        .and.to.include('S04');
      expect(await findings()).to.deep.equal([]);
      await startAgent();
      await press('もう一度試す');
      await says('内容の確認 – 電子証明書アプリ（Inkan）');
      expect(await events()).to.deep.equal(['inkan-failed ERR_SDK_NOT_RUNNING', 'inkan-progress accepted']);
    });

    it('says so where the version of the agent does not fit the page', async () => {
      const young = new WebSocketServer({ host: '127.0.0.1', port });
      young.on('connection', (socket) =>
        socket.on('message', (data: Buffer) => {
          const { id: call } = JSON.parse(data.toString()) as { id: number };
          socket.send(JSON.stringify({ jsonrpc: '2.0', id: call, result: { protocol: 'inkan.v2', version: '9' } }));
        }),
      );
      try {
        await visit();
        await press('取得する');
        await says(SDK_WORDS.outdated.ja.what);
        expect(await text()).to.include('https://www.bank.example/inkan');
      } finally {
        young.close();
      }
    });

    it('acquires: shows which window waits, then the end; one order for one click', async () => {
      await startAgent();
      await visit();
      await press('取得する');
      await says('内容の確認 – 電子証明書アプリ（Inkan）');
      expect(await findings()).to.deep.equal([]);
      agent.advance(id(), { state: 'consented' });
      await says('USBトークンのPIN – 電子証明書アプリ（Inkan）');
      agent.advance(id(), { state: 'sent' });
      await says('認証局の回答を待っています。');
      expect(await page.getByRole('button').count()).to.equal(0);
      agent.advance(id(), { state: 'completed' });
      await says('電子証明書は、USBトークンの中に書き込まれました。');
      expect(await events()).to.deep.equal([
        'inkan-progress accepted',
        'inkan-progress consented',
        'inkan-progress sent',
        'inkan-progress completed',
        `inkan-completed ${RESULT.serialNumber}`,
      ]);
      expect(await page.evaluate(() => window.elementSeen.orders)).to.equal(1);
    });

    it('goes on by itself after a reload, without another order', async () => {
      await startAgent();
      await visit();
      await press('取得する');
      await says('内容の確認 – 電子証明書アプリ（Inkan）');
      agent.advance(id(), { state: 'pending' });
      await page.reload();
      await says('発行待ち（この画面は閉じてもかまいません）');
      expect(await page.evaluate(() => window.elementSeen.orders)).to.equal(0);
    });

    it('中止 stops it; the keyboard stays where it was', async () => {
      await startAgent();
      await visit();
      await page.getByRole('button', { name: '取得する' }).focus();
      await page.keyboard.press('Enter');
      await says('内容の確認 – 電子証明書アプリ（Inkan）');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await says(SDK_WORDS.abandoned.ja.what);
      expect(agent.calls.map(({ method }) => method)).to.include('cancel');
    });

    it("shows the agent's own words and support code", async () => {
      await startAgent();
      await visit();
      await page.evaluate(() => {
        const element = document.querySelector<InkanEnrollmentElement>('inkan-enrollment');
        if (element) element.order = async () => 'expired';
      });
      await press('取得する');
      await says('ERR_POLICY_ORDER_EXPIRED (ja)');
      expect(await text()).to.include('P05');
      expect(await page.getByRole('button').count()).to.equal(0);
    });

    it('is styled by custom properties, whatever the policy of the page', async () => {
      await visit();
      const button = page.getByRole('button', { name: '取得する' });
      const colour = () => button.evaluate((element) => getComputedStyle(element).backgroundColor);
      expect(await colour()).to.equal('rgb(11, 87, 135)');
      await page
        .locator('inkan-enrollment')
        .evaluate((element: HTMLElement) => element.style.setProperty('--inkan-accent', 'rgb(1, 2, 3)'));
      expect(await colour()).to.equal('rgb(1, 2, 3)');
    });
  });
});
