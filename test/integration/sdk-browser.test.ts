import { once } from 'node:events';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { WebSocketServer } from 'ws';
import { isForeignPeer } from '../../agent/platform/linux-socket-owner.ts';
import { type Bridge, startBridge } from '../../web-bridge/server/server.ts';
import { type Seen, servePages } from './sdk-page.ts';
import { createSmallAgent, RESULT, type SmallAgent, wordsOf } from './small-agent.ts';

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createTcp().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function untilTrue(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(20);
}

describe('SDK in Chromium', function () {
  this.timeout(20_000);
  let pages: Awaited<ReturnType<typeof servePages>>;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let agent: SmallAgent;
  let bridge: Bridge | undefined;
  let ports: number[];

  before(async () => {
    pages = await servePages();
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      ignoreDefaultArgs: ['--disable-back-forward-cache'],
      args: ['--no-sandbox', `--ip-address-space-overrides=127.0.0.1:${new URL(pages.origin).port}=public`],
    });
  });
  after(async () => {
    await browser?.close();
    pages.server.closeAllConnections();
    pages.server.close();
  });

  beforeEach(async () => {
    ports = await freePorts(3);
    agent = createSmallAgent();
    context = await browser.newContext();
    page = await context.newPage();
  });
  afterEach(async () => {
    await context.close();
    await bridge?.close();
    bridge = undefined;
  });

  const startAgent = async (on = ports): Promise<void> => {
    const origins = new Set([pages.origin]);
    bridge = await startBridge({
      ports: on,
      origins: () => origins,
      handlers: agent.handlers,
      isForeignPeer,
      words: wordsOf,
      report() {},
    });
  };
  const grant = (): Promise<void> => context.grantPermissions(['local-network-access'], { origin: pages.origin });
  const visit = async (query = ''): Promise<void> => {
    await page.goto(`${pages.origin}/?ports=${JSON.stringify(ports)}${query}`);
    await page.waitForFunction(() => 'seen' in window);
  };
  const enroll = (order = 'an-order'): Promise<void> =>
    page.evaluate((text) => window.seen.run((options) => window.seen.inkan.enroll(text, options)), order);
  const resume = (): Promise<void> =>
    page.evaluate(() => window.seen.run((options) => window.seen.inkan.resume(options)));
  const outcome = async (): Promise<NonNullable<Seen['outcome']>> => {
    await page.waitForFunction(() => window.seen.outcome);
    return (await page.evaluate(() => window.seen.outcome)) ?? {};
  };
  const progressed = (state: string): Promise<unknown> =>
    page.waitForFunction((name) => window.seen.progress.includes(name), state);
  const id = (): string => [...agent.enrollments.keys()].at(-1) ?? '';
  const told = (): Promise<string[]> => page.evaluate(() => window.seen.states);
  const stored = (): Promise<Record<string, string>> =>
    page.evaluate(() => Object.fromEntries([...Object.entries(sessionStorage), ...Object.entries(localStorage)]));

  describe('with the permission granted', () => {
    beforeEach(grant);

    it('enrolls: progress by states, then the certificate; only the id is stored, and for as long as it is needed', async () => {
      await startAgent();
      await visit();
      expect(await page.evaluate(() => window.seen.inkan.readiness())).to.equal('ready');
      await enroll();
      await progressed('accepted');
      expect(await stored()).to.deep.equal({ 'inkan.enrollment': id() });
      for (const state of [
        'consented',
        'key-generated',
        'csr-signed',
        'sent',
        'issued',
        'stored',
        'completed',
      ] as const) {
        agent.advance(id(), { state });
      }
      expect(await outcome()).to.deep.equal({ result: RESULT });
      expect(await page.evaluate(() => window.seen.progress)).to.deep.equal(
        'accepted consented key-generated csr-signed sent issued stored completed'.split(' '),
      );
      expect(await stored()).to.deep.equal({});
      expect(await told()).to.deep.equal(['ready']);
    });

    it("rejects with the agent's error and its words", async () => {
      await startAgent();
      await visit();
      await enroll('expired');
      expect(await outcome()).to.deep.equal({
        error: {
          code: 'ERR_POLICY_ORDER_EXPIRED',
          name: 'InkanError',
          ja: 'ERR_POLICY_ORDER_EXPIRED (ja)',
          support: 'P05',
        },
      });
    });

    it('goes on after a reload', async () => {
      await startAgent();
      await visit();
      await enroll();
      await progressed('accepted');
      agent.advance(id(), { state: 'pending' });
      await page.reload();
      await page.waitForFunction(() => 'seen' in window);
      await resume();
      await progressed('pending');
      agent.advance(id(), { state: 'completed' });
      expect(await outcome()).to.deep.equal({ result: RESULT });
      expect(agent.calls.filter(({ method }) => method === 'enroll')).to.have.length(1);
    });

    it('has nothing to resume in a new tab, but finds the enrollment of a closed one by status', async () => {
      await startAgent();
      await visit();
      await enroll();
      await progressed('accepted');
      await page.close();
      page = await context.newPage();
      await visit();
      await resume();
      expect(await outcome()).to.deep.equal({ result: null });
      const found = await page.evaluate(async (on) => {
        const { enrollments } = await window.seen.inkan.status({ ports: on });
        return enrollments[0]?.enrollment ?? '';
      }, ports);
      expect(found).to.equal(id());
      await page.evaluate((enrollment) => {
        delete window.seen.outcome;
        window.seen.run((options) => window.seen.inkan.resume({ ...options, enrollment }));
      }, found);
      await progressed('accepted');
      agent.advance(found, { state: 'completed' });
      expect(await outcome()).to.deep.equal({ result: RESULT });
    });

    it('resumes to null when the agent knows the enrollment no longer', async () => {
      await startAgent();
      await visit();
      await page.evaluate(() => sessionStorage.setItem('inkan.enrollment', 'AAAAAAAAAAAAAAAAAAAAAA'));
      await resume();
      expect(await outcome()).to.deep.equal({ result: null });
      expect(await stored()).to.deep.equal({});
    });

    it('connects again when the agent was away, and misses nothing', async () => {
      await startAgent();
      await visit();
      await enroll();
      await progressed('accepted');
      await bridge?.close();
      await page.waitForFunction(() => window.seen.states.includes('disconnected'));
      agent.advance(id(), { state: 'completed' });
      await startAgent();
      expect(await outcome()).to.deep.equal({ result: RESULT });
      expect((await told()).filter((state, index, all) => state !== all[index - 1])).to.deep.equal([
        'ready',
        'disconnected',
        'ready',
      ]);
    });

    it('sends a message a minute, and gives up a connection that does not answer it', async () => {
      await page.clock.install();
      await startAgent();
      await visit();
      await enroll();
      await progressed('accepted');
      const hellos = (): number => agent.calls.filter(({ method }) => method === 'hello').length;
      const before = hellos();
      await page.clock.runFor(61_000);
      await untilTrue(() => hellos() === before + 1);
      agent.deaf = true;
      await page.clock.runFor(76_000);
      agent.deaf = false;
      agent.advance(id(), { state: 'completed' });
      await page.clock.runFor(1_000);
      expect(await outcome()).to.deep.equal({ result: RESULT });
    });

    it('lets the page into the back/forward cache and goes on when it is back', async () => {
      await startAgent();
      await visit();
      await enroll();
      await progressed('accepted');
      await page.evaluate(() => Object.assign(window, { stamp: 1 }));
      await page.goto(`${pages.origin}/other`);
      agent.advance(id(), { state: 'pending' });
      // A page from the cache fires no `load`.
      await page.goBack({ waitUntil: 'commit' });
      expect(await page.evaluate(() => 'stamp' in window), 'the same page, from the cache').to.equal(true);
      await progressed('pending');
      agent.advance(id(), { state: 'completed' });
      expect(await outcome()).to.deep.equal({ result: RESULT });
    });

    it('only stops listening on abort; cancel stops the enrollment', async () => {
      await startAgent();
      await visit();
      await enroll();
      await progressed('accepted');
      await page.evaluate(() => window.seen.abort());
      expect((await outcome()).error?.name).to.equal('AbortError');
      expect(agent.enrollments.get(id())?.status.state).to.equal('accepted');
      await page.reload();
      await page.waitForFunction(() => 'seen' in window);
      await resume();
      await progressed('accepted');
      await page.evaluate(([enrollment, on]) => window.seen.inkan.cancel(enrollment, { ports: on }), [
        id(),
        ports,
      ] as const);
      expect((await outcome()).error).to.include({ code: 'ERR_SDK_ABANDONED', support: 'S07' });
    });

    it('finds the agent on a spare port beside a strange program', async () => {
      const strange = createTcp((socket) => void socket.on('error', () => {}).end('hello?\r\n'));
      await once(strange.listen(ports[0], '127.0.0.1'), 'listening');
      await startAgent(ports.slice(1));
      await visit();
      await enroll();
      await progressed('accepted');
      strange.close();
    });

    it('goes back to the port that answered, and to no other', async () => {
      let upgrades = 0;
      const strange = createTcp((socket) =>
        socket
          .on('error', () => {})
          .on('data', (data) => {
            if (/^upgrade: websocket/im.test(data.toString())) upgrades += 1;
            socket.end('hello?\r\n');
          }),
      );
      await once(strange.listen(ports[0], '127.0.0.1'), 'listening');
      await startAgent(ports.slice(1));
      await visit();
      await enroll();
      await progressed('accepted');
      const before = upgrades;
      await bridge?.close();
      await startAgent(ports.slice(1));
      await page.waitForFunction(() => window.seen.states.length > 1 && window.seen.states.at(-1) === 'ready');
      strange.close();
      expect([before, upgrades]).to.deep.equal([1, 1]);
    });

    it('finds the agent on a spare port beside a program that speaks our subprotocol and answers wrongly', async () => {
      const impostor = new WebSocketServer({ host: '127.0.0.1', port: ports[0] ?? 0 });
      impostor.on('connection', (socket) =>
        socket.on('message', (data: Buffer) => {
          const { id } = JSON.parse(data.toString()) as { id: number };
          socket.send(
            JSON.stringify({ jsonrpc: '2.0', id, result: { protocol: 'inkan.v1', version: 7, pin: 'asked' } }),
          );
        }),
      );
      await startAgent(ports.slice(1));
      await visit();
      await enroll();
      await progressed('accepted');
      impostor.close();
    });

    it('says so when nobody listens', async () => {
      await visit();
      await enroll();
      expect((await outcome()).error).to.include({ code: 'ERR_SDK_NOT_RUNNING', support: 'S04' });
    });

    it('says so when the agent speaks another protocol', async () => {
      const young = new WebSocketServer({ host: '127.0.0.1', port: ports[0] ?? 0 });
      young.on('connection', (socket) =>
        socket.on('message', (data: Buffer) => {
          const { id } = JSON.parse(data.toString()) as { id: number };
          socket.send(JSON.stringify({ jsonrpc: '2.0', id, result: { protocol: 'inkan.v2', version: '9.0.0' } }));
        }),
      );
      await visit();
      await enroll();
      expect((await outcome()).error?.code).to.equal('ERR_SDK_OUTDATED');
      young.close();
    });

    it("does not hang when the page's own CSP forbids the connection", async () => {
      await startAgent();
      await visit('&csp=none');
      await enroll();
      expect((await outcome()).error?.code).to.equal('ERR_SDK_NOT_RUNNING');
    });
  });

  it('says beforehand that the browser is going to ask, and that it is asking; no call comes through', async () => {
    await startAgent();
    await visit();
    expect(await page.evaluate(() => window.seen.inkan.readiness())).to.equal('explain');
    await enroll();
    // Headless Chromium closes the question by itself, quicker than a person could.
    expect((await outcome()).error?.code).to.be.oneOf(['ERR_SDK_NOT_RUNNING', 'ERR_SDK_DISMISSED', 'ERR_SDK_DENIED']);
    expect(await told()).to.deep.equal(['asking']);
    expect(agent.calls).to.deep.equal([]);
  });

  it('does not try when the permission is denied, and hears when it is granted', async () => {
    await startAgent();
    await visit();
    const devtools = await browser.newBrowserCDPSession();
    const { targetInfos } = await devtools.send('Target.getTargets');
    const browserContextId = targetInfos.find(({ url }) => url.startsWith(pages.origin))?.browserContextId ?? '';
    const permission = { name: 'loopback-network' };
    await devtools.send('Browser.setPermission', {
      permission,
      setting: 'denied',
      origin: pages.origin,
      browserContextId,
    });
    expect(await page.evaluate(() => window.seen.inkan.readiness())).to.equal('denied');
    await enroll();
    expect((await outcome()).error).to.include({ code: 'ERR_SDK_DENIED', support: 'S02' });
    expect(await told()).to.deep.equal([]);
    const granted = page.evaluate(() => window.seen.inkan.whenGranted().then(() => window.seen.inkan.readiness()));
    await grant();
    expect(await granted).to.equal('ready');
    await enroll();
    await progressed('accepted');
  });
});
