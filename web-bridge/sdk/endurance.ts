/**
 * Work that outlives its connection. The journey goes on in the agent whatever becomes of the page, so a socket that
 * drops – agent restarted, page frozen, computer asleep – is opened again and the work asked for again.
 */
import { PORTS } from '../protocol/address.ts';
import type { Client } from './client.ts';
import { isObstacle, obstacle } from './failure.ts';
import { permission } from './permission.ts';
import { type ReachOptions, reach } from './reach.ts';

/** An application message, for browsers answer WebSocket pings for pages that are frozen. */
const HEARTBEAT_MS = 60_000;
const HEARTBEAT_ANSWER_MS = 15_000;
/** Waits between looking for the agent again; the last one stays. */
const LOOK_AGAIN_MS = [300, 1_000, 2_000, 5_000, 10_000, 20_000] as const;
/** Every so many looks a WebSocket is tried even if nobody was seen: the page's CSP may forbid `fetch`. */
const BLIND_TRY = 4;

async function beat(client: Client): Promise<void> {
  const timer = setTimeout(client.close, HEARTBEAT_ANSWER_MS);
  await client.call('hello', {}).catch(client.close);
  clearTimeout(timer);
}

/** Keeps a connection honest while `work` runs: heartbeat, a look when the page is seen again, closed on `pagehide`. */
export async function during<T>(client: Client, signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
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
async function seen(ports: readonly number[]): Promise<boolean> {
  const looks = ports.map((port) => fetch(`http://127.0.0.1:${port}/`, { mode: 'no-cors', cache: 'no-store' }));
  return Promise.any(looks).then(
    () => true,
    () => false,
  );
}

/** Looks for the agent until it is back. Never asks the person: a question of the browser must follow a click. */
async function reachAgain(options: ReachOptions): Promise<Client> {
  const ports = options.ports ?? PORTS;
  for (let look = 0; ; look += 1) {
    await pause(LOOK_AGAIN_MS[look] ?? LOOK_AGAIN_MS[5], options.signal);
    if ((await permission()) === 'prompt') throw obstacle('disconnected');
    if ((look + 1) % BLIND_TRY === 0 || (await seen(ports))) {
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
export async function endure<T>(work: (client: Client) => Promise<T>, options: ReachOptions): Promise<T> {
  let client = await reach(options);
  for (;;) {
    try {
      return await during(client, options.signal, work(client));
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isObstacle(error, 'disconnected')) throw error;
    }
    client = await reachAgain(options);
  }
}
