/** Chromium's own question, answered as a person does: with a mouse on a screen. Headless, Chromium denies by itself. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { type Bridge, startBridge } from '../../web-bridge/server/server.ts';
import { servePages } from './sdk-page.ts';
import { createSmallAgent, RESULT, type SmallAgent, wordsOf } from './small-agent.ts';

/** Where the question's controls are on a bare screen, Chromium 156. */
const QUESTION = { close: ['423', '121'], allow: ['395', '251'] } as const;
/** The question takes no answer in its first moments, against clicks that were meant for something else. */
const READABLE_MS = 1_500;

describe("Chromium's permission question", function () {
  this.timeout(20_000);
  let pages: Awaited<ReturnType<typeof servePages>>;
  let screen: ChildProcess;
  let env: Record<string, string>;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let agent: SmallAgent;
  let bridge: Bridge | undefined;

  before(async function () {
    if (!['/usr/bin/Xvfb', '/usr/bin/xdotool'].every((path) => existsSync(path))) this.skip();
    pages = await servePages();
    screen = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x900x24'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    const [display] = (await once(screen.stdio[3] as NodeJS.ReadableStream, 'data')) as [Buffer];
    env = {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '/',
      DISPLAY: `:${display.toString().trim()}`,
    };
    browser = await chromium.launch({
      headless: false,
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', `--ip-address-space-overrides=127.0.0.1:${new URL(pages.origin).port}=public`],
      env,
    });
  });
  after(async () => {
    await browser?.close();
    screen?.kill();
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
      words: wordsOf,
      report() {},
    });
    return bridge.port;
  };
  const enrollAt = async (port: number): Promise<void> => {
    await page.goto(`${pages.origin}/?ports=[${port}]`);
    await page.waitForFunction(() => 'seen' in window);
    await page.evaluate(() => window.seen.run((options) => window.seen.inkan.enroll('an-order', options)));
    await sleep(READABLE_MS);
  };
  const click = (control: keyof typeof QUESTION): void =>
    void execFileSync('xdotool', ['mousemove', ...QUESTION[control], 'click', '1'], { env });
  const settled = async () => {
    await page.waitForFunction(() => window.seen.outcome);
    return page.evaluate(() => ({ ...window.seen.outcome, states: window.seen.states }));
  };

  it('waits for as long as the question is open, and enrolls on Allow', async () => {
    await enrollAt(await startAgent());
    await sleep(1_500);
    expect(await page.evaluate(() => [window.seen.outcome, window.seen.states])).to.deep.equal([undefined, ['asking']]);
    expect(agent.calls).to.deep.equal([]);
    click('allow');
    await page.waitForFunction(() => window.seen.progress.includes('accepted'));
    agent.advance([...agent.enrollments.keys()][0] ?? '', { state: 'completed' });
    expect(await settled()).to.deep.equal({ result: RESULT, states: ['asking', 'ready'] });
  });

  it('tells a question that was closed', async () => {
    await enrollAt(await startAgent());
    click('close');
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
});
