/** The page that the SDK's browser tests visit, and its server. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type * as Sdk from '../../web-bridge/sdk/inkan.ts';

/** What the test page keeps of what the SDK told it; `outcome` is set when the promise has settled. */
export type Seen = {
  inkan: typeof Sdk;
  states: string[];
  progress: string[];
  outcome?: { result?: unknown; error?: { code?: string; name?: string; ja?: string; support?: string } };
  run: (call: (options: Sdk.EnrollOptions) => Promise<unknown>) => void;
  abort: () => void;
};
declare global {
  // The test page's own window.
  interface Window {
    seen: Seen;
  }
}

const PAGE = `<!doctype html><meta charset="utf-8"><title>bank</title><script type="module">
  import * as inkan from '/inkan.bundle.js';
  const ports = JSON.parse(new URLSearchParams(location.search).get('ports'));
  const stop = new AbortController();
  const seen = window.seen = { inkan, states: [], progress: [], abort: () => stop.abort(), run: (call) => {
    call({
      ports,
      signal: stop.signal,
      onState: (state) => seen.states.push(state),
      onProgress: ({ state, error }) => seen.progress.push(error ? state + '!' + error.code : state),
    }).then(
      (result) => { seen.outcome = { result }; },
      (error) => { seen.outcome = { error: { code: error.code, name: error.name, ja: error.words?.ja.what, support: error.support } }; },
    );
  } };
</script>`;

const OUR_CSP = "connect-src 'self' ws://127.0.0.1:* http://127.0.0.1:*";

/** As strict as a bank's page may be: no inline style or script, no Trusted Types policy. */
export const STRICT_CSP = [
  "default-src 'none'; script-src 'self'; style-src 'none'; img-src 'self'",
  "connect-src 'self' ws://127.0.0.1:* http://127.0.0.1:*",
  "require-trusted-types-for 'script'; trusted-types 'none'",
].join('; ');

/** Where a bank has dropped the element; what its policy refuses is counted before the module loads. */
export const ELEMENT_PAGE = `<!doctype html><html lang="ja"><meta charset="utf-8"><title>bank</title>
<script src="/element.js"></script><script type="module" src="/inkan-element.bundle.js"></script>
<main><h1>bank</h1><inkan-enrollment reason="電子証明書をお渡しするためです。" telephone="0120-000-000"
  download="https://www.bank.example/inkan"></inkan-enrollment></main></html>`;
export const ELEMENT_BUNDLE = `
  window.elementSeen = { violations: [], events: [], orders: 0 };
  addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
    elementSeen.violations.push(violatedDirective + ' ' + blockedURI));
  for (const name of ['inkan-progress', 'inkan-completed', 'inkan-failed'])
    addEventListener(name, ({ detail }) => elementSeen.events.push(name + ' ' + (detail.code ?? detail.state ?? detail.serialNumber)));
  addEventListener('DOMContentLoaded', () => {
    const element = document.querySelector('inkan-enrollment');
    const query = new URLSearchParams(location.search);
    if (query.has('ports')) element.ports = JSON.parse(query.get('ports'));
    document.documentElement.lang = query.get('lang') ?? 'ja';
    element.order = async () => 'order ' + (elementSeen.orders += 1);
  });
`;

export async function bundleSdk(name: 'inkan' | 'inkan-element' = 'inkan'): Promise<string> {
  const entry = fileURLToPath(new URL(`../../web-bridge/sdk/${name}.js`, import.meta.url));
  const built = await build({ entryPoints: [entry], bundle: true, write: false, format: 'esm', target: 'es2022' });
  return built.outputFiles[0]?.text ?? '';
}

export async function servePages(): Promise<{ server: Server; origin: string }> {
  const scripts: Readonly<Record<string, string>> = {
    '/inkan.bundle.js': await bundleSdk(),
    '/inkan-element.bundle.js': await bundleSdk('inkan-element'),
    '/element.js': ELEMENT_BUNDLE,
  };
  const server = createServer(({ url = '/' }, response) => {
    const script = scripts[url];
    const csp = url.includes('csp=none') ? "connect-src 'self'" : url.startsWith('/element') ? STRICT_CSP : OUR_CSP;
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html');
    response.setHeader('content-security-policy', csp);
    response.end(script ?? PAGES[new URL(url, 'http://page').pathname] ?? PAGE);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  // Not `localhost`: a page that calls itself that is on this computer, and its browser asks nothing.
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const PAGES: Readonly<Record<string, string>> = {
  '/other': '<!doctype html><title>other</title>',
  '/element': ELEMENT_PAGE,
};
