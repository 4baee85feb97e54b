/** Firefox as it comes: no driver of ours speaks to it, so the page itself runs the case and posts what it saw. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { isForeignPeer } from '../../agent/platform/linux-socket-owner.ts';
import { type Bridge, startBridge } from '../../web-bridge/server/server.ts';
import { skip } from '../stage/skip.ts';
import { bundleSdk, ELEMENT_BUNDLE, ELEMENT_PAGE, STRICT_CSP } from './sdk-page.ts';
import { createSmallAgent, RESULT, type SmallAgent, wordsOf } from './small-agent.ts';

const FIREFOX = '/usr/bin/firefox-esr';

/** First with nobody listening, then with the agent there, in one visit: starting Firefox is what takes time. */
const PAGE = `<!doctype html><meta charset="utf-8"><title>bank</title><script type="module">
  import { enroll, permission, readiness } from '/inkan.bundle.js';
  const post = (path, body) => fetch(path, { method: 'POST', body: JSON.stringify(body ?? null) });
  const { nobody, port } = await (await post('/ports')).json();
  const states = [], progress = [];
  const options = { onState: (state) => states.push(state), onProgress: ({ state }) => progress.push(state) };
  const alone = await enroll('an-order', { ...options, ports: [nobody] }).catch(({ code }) => code);
  const result = await enroll('an-order', { ...options, ports: [port] }).catch(({ code }) => code);
  await post('/seen', { readiness: await readiness(), permission: await permission(), alone, states, progress, result });
  location.href = '/element?ports=[' + port + ']';
</script>`;

/** A person at the element, and what they saw: the page's policy lets no driver of ours in. */
const PERSON = `
  const root = () => document.querySelector('inkan-enrollment')?.shadowRoot;
  const until = async (find) => { for (;;) { const found = find(); if (found) return found; await new Promise((go) => setTimeout(go, 20)); } };
  addEventListener('load', async () => {
    (await until(() => root()?.querySelector('button'))).click();
    const title = (await until(() => root().querySelector('figure .bar'))).textContent;
    await until(() => elementSeen.events.some((event) => event.startsWith('inkan-completed')));
    const weight = getComputedStyle(root().querySelector('.what')).fontWeight;
    await fetch('/seen', { method: 'POST', body: JSON.stringify({ ...elementSeen, title, weight, end: root().querySelector('.what').textContent }) });
  });
`;

describe('SDK in Firefox', function () {
  this.timeout(40_000);
  const profile = mkdtempSync(join(tmpdir(), 'inkan-firefox-'));
  let server: Server;
  let bridge: Bridge;
  let agent: SmallAgent;
  let firefox: ChildProcess | undefined;

  before(async function () {
    if (!existsSync(FIREFOX)) skip(this, `the SDK in Firefox needs ${FIREFOX}`);
    const scripts: Readonly<Record<string, string>> = {
      '/inkan.bundle.js': await bundleSdk(),
      '/inkan-element.bundle.js': await bundleSdk('inkan-element'),
      '/element.js': ELEMENT_BUNDLE + PERSON,
    };
    const closed = createTcp().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const nobody = (closed.address() as AddressInfo).port;
    closed.close();
    server = createServer((request, response) => {
      if (request.url === '/ports') return response.end(JSON.stringify({ nobody, port: bridge.port }));
      const file = scripts[request.url ?? ''];
      const isElement = request.url?.startsWith('/element?');
      response.setHeader('content-type', file ? 'text/javascript' : 'text/html');
      if (isElement) response.setHeader('content-security-policy', STRICT_CSP);
      response.end(file ?? (isElement ? ELEMENT_PAGE : PAGE));
      if (request.url === '/seen') request.setEncoding('utf8').on('data', (text: string) => server.emit('seen', text));
      return undefined;
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });

  after(async () => {
    if (firefox) {
      const gone = once(firefox, 'exit');
      firefox.kill();
      await gone;
    }
    server?.closeAllConnections();
    server?.close();
    await bridge?.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });

  it('is asked nothing, tells nobody from the agent, and enrolls; by the element, too, under a strict policy', async () => {
    const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
    agent = createSmallAgent();
    const { watch } = agent.handlers;
    const handlers = {
      ...agent.handlers,
      // The page's first look is answered; the rest comes to it as events.
      watch: (params: { enrollment: string }, caller: Parameters<typeof watch>[1]) => {
        if (agent.enrollments.get(params.enrollment)?.status.state === 'accepted')
          setTimeout(() => agent.advance(params.enrollment, { state: 'completed' }), 100);
        return watch(params, caller);
      },
    };
    bridge = await startBridge({
      ports: [0],
      origins: () => new Set([origin]),
      handlers,
      isForeignPeer,
      words: wordsOf,
      report() {},
    });
    const env = { PATH: process.env['PATH'], HOME: profile, LANG: 'C.UTF-8' };
    const seen = once(server, 'seen');
    firefox = spawn(FIREFOX, ['--headless', '--no-remote', '--profile', profile, origin], { stdio: 'ignore', env });
    expect(JSON.parse(String((await seen)[0]))).to.deep.equal({
      readiness: 'ready',
      permission: 'unknown',
      alone: 'ERR_SDK_NOT_RUNNING',
      states: ['ready'],
      progress: ['accepted', 'completed'],
      result: RESULT,
    });
    // The same Firefox goes on to the page with the element.
    expect(JSON.parse(String((await once(server, 'seen'))[0]))).to.deep.equal({
      violations: [],
      events: ['inkan-progress accepted', 'inkan-progress completed', `inkan-completed ${RESULT.serialNumber}`],
      orders: 1,
      title: '内容の確認 – 電子証明書アプリ（Inkan）',
      weight: '700',
      end: '電子証明書は、USBトークンの中に書き込まれました。',
    });
  });
});
