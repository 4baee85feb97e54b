/** Chromium's own question, answered as a person does: with a mouse on a screen. Headless, Chromium denies by itself. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { isForeignPeer } from '../../agent/platform/linux-socket-owner.ts';
import { SDK_WORDS } from '../../web-bridge/sdk/words.ts';
import { type Bridge, startBridge } from '../../web-bridge/server/server.ts';
import { answerQuestion, hasScreen, openScreen, questionIsReadable, type Screen } from '../stage/screen.ts';
import { skip } from '../stage/skip.ts';
import { servePages } from './sdk-page.ts';
import { createSmallAgent, RESULT, type SmallAgent, wordsOf } from './small-agent.ts';

describe("Chromium's permission question", function () {
  this.timeout(20_000);
  let pages: Awaited<ReturnType<typeof servePages>>;
  let screen: Screen;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let agent: SmallAgent;
  let bridge: Bridge | undefined;

  before(async function () {
    if (!hasScreen()) skip(this, 'the browser asks on a screen only, which needs Xvfb and xdotool');
    pages = await servePages();
    screen = await openScreen();
    browser = await chromium.launch({
      headless: false,
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', `--ip-address-space-overrides=127.0.0.1:${new URL(pages.origin).port}=public`],
      env: screen.environment,
    });
  });
  after(async () => {
    await browser?.close();
    await screen?.close();
    pages?.server.closeAllConnections();
    pages?.server.close();
  });

  beforeEach(async () => {
    agent = createSmallAgent();
    context = await browser.newContext();
    page = await context.newPage();
  });
  afterEach(async () => {
    await context.close();
    await bridge?.close();
    bridge = undefined;
  });

  const startAgent = async (): Promise<number> => {
    const origins = new Set([pages.origin]);
    bridge = await startBridge({
      ports: [0],
      origins: () => origins,
      handlers: agent.handlers,
      isForeignPeer,
      words: wordsOf,
      report() {},
    });
    return bridge.port;
  };
  const enrollAt = async (port: number): Promise<void> => {
    await page.goto(`${pages.origin}/?ports=[${port}]`);
    await page.waitForFunction(() => 'seen' in window);
    await page.evaluate(() => window.seen.run((options) => window.seen.inkan.enroll('an-order', options)));
    await questionIsReadable();
  };
  const settled = async () => {
    await page.waitForFunction(() => window.seen.outcome);
    return page.evaluate(() => ({ ...window.seen.outcome, states: window.seen.states }));
  };

  it('waits for as long as the question is open, and enrolls on Allow', async () => {
    await enrollAt(await startAgent());
    await sleep(1_500);
    expect(await page.evaluate(() => [window.seen.outcome, window.seen.states])).to.deep.equal([undefined, ['asking']]);
    expect(agent.calls).to.deep.equal([]);
    answerQuestion(screen, 'allow');
    await page.waitForFunction(() => window.seen.progress.includes('accepted'));
    agent.advance([...agent.enrollments.keys()][0] ?? '', { state: 'completed' });
    expect(await settled()).to.deep.equal({ result: RESULT, states: ['asking', 'ready'] });
  });

  it('tells a question that was closed', async () => {
    await enrollAt(await startAgent());
    answerQuestion(screen, 'close');
    expect((await settled()).error?.code).to.equal('ERR_SDK_DISMISSED');
    expect(await page.evaluate(() => window.seen.inkan.readiness())).to.equal('explain');
  });

  it('tells that nobody listens, though the browser goes on asking', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await enrollAt(port);
    expect((await settled()).error?.code).to.equal('ERR_SDK_NOT_RUNNING');
  });

  it('is shown by the element while it is open, and a closed one is told with what to do', async () => {
    const port = await startAgent();
    await page.goto(`${pages.origin}/element?ports=[${port}]`);
    await page.getByRole('button', { name: '確認メッセージへ進む' }).click();
    const element = page.locator('inkan-enrollment');
    await element.getByText(SDK_WORDS.asking.ja.what).waitFor();
    expect(await element.locator('figure.question').count()).to.equal(1);
    expect(await element.getByRole('button').count()).to.equal(0);
    await questionIsReadable();
    answerQuestion(screen, 'close');
    await element.getByText(SDK_WORDS.dismissed.ja.what).waitFor();
    await element.getByText('S03').waitFor();
    await element.getByRole('button', { name: 'もう一度試す' }).click();
    await questionIsReadable();
    answerQuestion(screen, 'allow');
    await element.getByText('内容の確認 – 電子証明書アプリ（Inkan）').waitFor();
  });
});
