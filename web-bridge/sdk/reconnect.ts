/**
 * Keeps work going over several connections. An enrollment goes on in the agent without the page. So when a connection drops
 * (the agent restarts, the page is frozen, the computer sleeps), it is opened again, and the work is started again on it.
 */
import { PORTS } from '../protocol/address.ts';
import { isObstacle, obstacle } from './failure.ts';
import type { Client } from './json-rpc.ts';
import { permission } from './permission.ts';
import { type ReachOptions, reach } from './reach.ts';

/** How often `hello` is sent. A WebSocket ping would prove nothing, because browsers answer it even for frozen pages. */
const HEARTBEAT_MS = 60_000;
const HEARTBEAT_ANSWER_MS = 15_000;
/** The waits before each attempt to find the agent. The last one is used for all further attempts. */
const RETRY_MS = [300, 1_000, 2_000, 5_000, 10_000, 20_000] as const;
/** Every fourth attempt opens a WebSocket even if `fetch` failed, because the page's CSP may forbid `fetch`. */
const BLIND_TRY = 4;

async function beat(client: Client): Promise<void> {
  const timer = setTimeout(client.close, HEARTBEAT_ANSWER_MS);
  await client.call('hello', {}).catch(client.close);
  clearTimeout(timer);
}

/** Sends the heartbeat while `work` runs, then closes the connection. When the page becomes visible, it sends one at once. */
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

/** Waits. A hidden page waits until it is seen, because browsers slow down the timers and sockets of hidden pages. */
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

/** Whether anything listens on one of the ports. By `fetch`, because browsers slow down a page whose WebSockets fail. */
async function isListening(ports: readonly number[]): Promise<boolean> {
  const requests = ports.map((port) => fetch(`http://127.0.0.1:${port}/`, { mode: 'no-cors', cache: 'no-store' }));
  return Promise.any(requests).then(
    () => true,
    () => false,
  );
}

/** Tries until the agent is back. If the browser would ask, it gives up, because the question must follow a click. */
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

/** Connects and does the work. If the connection drops before the work is done, connects and does it again. */
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
