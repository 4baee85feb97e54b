/** Pages of whatever host, on one port of this machine, and a real Chromium in which all those hosts lead here. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Frame, Page } from 'playwright-core';
import { openBrowser } from './browser.ts';

export const HOSTNAMES = ['evil.example', 'rebound.example', 'www.bank.example'] as const;

export type AttackPages = {
  /** The origin that the bank's test profile names. */
  readonly bankOrigin: string;
  readonly port: number;
  readonly folder: string;
  readonly browser: BrowserContext;
  visit(host: string): Promise<Page>;
  leave(): Promise<void>;
};

/** As browsers were, and others are: a page from anywhere may connect to this machine. */
const UNGUARDED = '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets';

/**
 * @param isPublic the pages then lie in public address space, and the browser asks before they may reach this machine
 * @param isGuarded the browser has that protection at all
 */
export async function openAttackPages({ isPublic = false, isGuarded = true } = {}): Promise<AttackPages> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>page</title><body></body>');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const folder = mkdtempSync(join(tmpdir(), 'inkan-pages-'));
  const publicHosts = isPublic ? [`127.0.0.1:${port}`] : [];
  const browser = await openBrowser({
    profileFolder: join(folder, 'profile'),
    hostnames: HOSTNAMES,
    publicHosts,
    extra: isGuarded ? [] : [UNGUARDED],
  });
  return {
    bankOrigin: `http://localhost:${port}`,
    port,
    folder,
    browser,
    visit: async (host) => {
      const page = await browser.newPage();
      await page.goto(`http://${host}:${port}/`);
      return page;
    },
    leave: async () => {
      await browser.close();
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What becomes of a WebSocket that a script opens: it opens, or the one same error. */
export function tryWebSocket(where: Page | Frame, url: string): Promise<string> {
  return where.evaluate(
    (address) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(address, 'inkan.v1');
        socket.addEventListener('open', () => resolve('open'));
        socket.addEventListener('error', () => resolve('error'));
        setTimeout(() => resolve('nothing'), 5_000);
      }),
    url,
  );
}

/** The same from a dedicated worker made of a blob. */
export function tryInWorker(page: Page, url: string): Promise<string> {
  return page.evaluate((address) => {
    const code = `const s = new WebSocket(${JSON.stringify(address)}, 'inkan.v1');
      s.onopen = () => postMessage('open'); s.onerror = () => postMessage('error');`;
    const worker = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
    return new Promise<string>((resolve) => {
      worker.addEventListener('message', ({ data }) => resolve(String(data)));
      worker.addEventListener('error', () => resolve('worker failed'));
    });
  }, url);
}

/** A frame in the page, with these attributes. */
export async function addFrame(page: Page, attributes: Readonly<Record<string, string>>): Promise<Frame> {
  const before = page.frames().length;
  await page.evaluate(
    (wanted) =>
      new Promise((loaded) => {
        const frame = document.createElement('iframe');
        for (const [name, value] of Object.entries(wanted)) frame.setAttribute(name, value);
        frame.addEventListener('load', loaded);
        document.body.append(frame);
      }),
    attributes,
  );
  const frame = page.frames()[before];
  if (!frame) throw new Error('no frame');
  return frame;
}
