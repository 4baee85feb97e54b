/** A real Chromium: Debian's, headless or in a window under Xvfb, always with a profile of its own that is gone afterwards. */
import { existsSync } from 'node:fs';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export type BrowserOptions = {
  readonly profileFolder: string;
  readonly headed?: boolean;
  /** `host:port` of pages that count as lying in public address space: only they are asked for permission. */
  readonly publicHosts?: readonly string[];
  /** Names that lead to this machine. */
  readonly hostnames?: readonly string[];
  readonly display?: string;
  readonly extra?: readonly string[];
};

export async function openBrowser(options: BrowserOptions): Promise<BrowserContext> {
  const { profileFolder, headed = false, publicHosts = [], hostnames = [], display, extra = [] } = options;
  const executablePath = CHROMIUM.find((path) => existsSync(path));
  if (!executablePath) throw new Error('Chromium is not installed: apt-get install chromium');
  const spaces = publicHosts.map((host) => `${host}=public`).join(',');
  const mapping = hostnames.map((name) => `MAP ${name} 127.0.0.1`).join(',');
  const { PATH, HOME } = process.env;
  return await chromium.launchPersistentContext(profileFolder, {
    executablePath,
    headless: !headed,
    ignoreHTTPSErrors: true,
    locale: 'ja-JP',
    viewport: { width: 1100, height: 900 },
    env: { PATH: PATH ?? '', HOME: HOME ?? '', LANG: 'ja_JP.UTF-8', ...(display ? { DISPLAY: display } : {}) },
    args: [
      ...QUIET,
      ...(spaces ? [`--ip-address-space-overrides=${spaces}`] : []),
      ...(mapping ? [`--host-resolver-rules=${mapping}`] : []),
      ...extra,
    ],
  });
}

export async function firstPage(context: BrowserContext): Promise<Page> {
  return context.pages()[0] ?? (await context.newPage());
}
