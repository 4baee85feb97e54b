/**
 * Work that outlives its connection. An enrollment goes on in the agent whatever becomes of the page. So a connection
 * that drops (agent restarted, page frozen, computer asleep) is opened again, and the work is asked for again.
 */
import { PORTS } from '../protocol/address.ts';
import { isObstacle, obstacle } from './failure.ts';
import type { Client } from './json-rpc.ts';
import { permission } from './permission.ts';
import { type ReachOptions, reach } from './reach.ts';

/** How often `hello` is sent. A WebSocket ping would prove nothing: browsers answer it for pages that are frozen. */
const HEARTBEAT_MS = 60_000;
const HEARTBEAT_ANSWER_MS = 15_000;
/** Waits before each look for the agent; the last one stays. */
const RETRY_MS = [300, 1_000, 2_000, 5_000, 10_000, 20_000] as const;
/** Every so many looks a WebSocket is tried although `fetch` saw nobody: the page's CSP may forbid `fetch`. */
const BLIND_TRY = 4;

async function beat(client: Client): Promise<void> {
  const timer = setTimeout(client.close, HEARTBEAT_ANSWER_MS);
  await client.call('hello', {}).catch(client.close);
  clearTimeout(timer);
}

/** Sends the heartbeat while `work` runs, and closes the connection after it. A page seen again sends one at once. */
export async function keepAlive<T>(client: Client, signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  const ended = new AbortController();
  const on = { signal: ended.signal };
  const timer = setInterval(() => void beat(client), HEARTBEAT_MS);
  document.addEventListener('visibilitychange', () => void (document.hidden || beat(client)), on);
  // An open WebSocket keeps a page out of the back/forward cache.
  addEventListener('pagehide', client.close, on);
  signal?.addEventListener('abort', client.close, on);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    ended.abort();
    client.close();
  }
}

/** Waits, and longer while nobody looks at the page: browsers slow down the timers and sockets of hidden pages. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const ended = new AbortController();
    const on = { signal: ended.signal };
    const end = (): void => {
      clearTimeout(timer);
      ended.abort();
      if (signal?.aborted) reject(signal.reason as Error);
      else resolve();
    };
    const seen = (): void => void (document.hidden || end());
    const timer = setTimeout(seen, ms);
    document.addEventListener('visibilitychange', seen, on);
    addEventListener('pageshow', seen, on);
    signal?.addEventListener('abort', end, on);
    if (signal?.aborted) end();
  });
}

/** Whether anything listens on one of the ports; a failing `fetch` costs nothing, a failing WebSocket is throttled. */
async function isListening(ports: readonly number[]): Promise<boolean> {
  const requests = ports.map((port) => fetch(`http://127.0.0.1:${port}/`, { mode: 'no-cors', cache: 'no-store' }));
  return Promise.any(requests).then(
    () => true,
    () => false,
  );
}

/** Looks for the agent until it is back. Never asks the person: a question of the browser must follow a click. */
async function reachAgain(options: ReachOptions): Promise<Client> {
  const ports = options.ports ?? PORTS;
  for (let look = 0; ; look += 1) {
    await pause(RETRY_MS[look] ?? RETRY_MS[5], options.signal);
    if ((await permission()) === 'prompt') throw obstacle('disconnected');
    if ((look + 1) % BLIND_TRY === 0 || (await isListening(ports))) {
      try {
        return await reach(options);
      } catch (error) {
        if (!isObstacle(error, 'not-running')) throw error;
      }
    }
    options.onState?.('disconnected');
  }
}

/** Connects and does the work; when the connection drops before the work is done, connects and does it again. */
export async function reconnecting<T>(work: (client: Client) => Promise<T>, options: ReachOptions): Promise<T> {
  let client = await reach(options);
  for (;;) {
    try {
      return await keepAlive(client, options.signal, work(client));
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isObstacle(error, 'disconnected')) throw error;
    }
    client = await reachAgain(options);
  }
}
