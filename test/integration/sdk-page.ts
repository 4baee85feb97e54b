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

export async function bundleSdk(): Promise<string> {
  const entry = fileURLToPath(new URL('../../web-bridge/sdk/inkan.js', import.meta.url));
  const built = await build({ entryPoints: [entry], bundle: true, write: false, format: 'esm', target: 'es2022' });
  return built.outputFiles[0]?.text ?? '';
}

export async function servePages(): Promise<{ server: Server; origin: string }> {
  const script = await bundleSdk();
  const server = createServer(({ url = '/' }, response) => {
    const csp = url.includes('csp=none') ? "connect-src 'self'" : OUR_CSP;
    response.setHeader('content-type', url.endsWith('.js') ? 'text/javascript' : 'text/html');
    response.setHeader('content-security-policy', csp);
    response.end(
      url.endsWith('.js') ? script : url.startsWith('/other') ? '<!doctype html><title>other</title>' : PAGE,
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { server, origin: `http://localhost:${(server.address() as AddressInfo).port}` };
}
