/** The transport of JSON-RPC by WebSocket (RFC 6455). Finds the agent on its ports, and calls `hello`. */
import { PROTOCOL } from '../protocol/address.ts';
import { isObstacle, obstacle } from './failure.ts';
import { type Client, createClient, type Transport } from './json-rpc.ts';

/** Time for the answer to `hello`. The browser has asked its question by then, and the agent answers at once. */
const HELLO_MS = 5_000;

export type Connection = { readonly client: Client; readonly port: number };

/** If a CSP blocks the socket, Firefox throws and other browsers fire `error`. Here both are the same failure. */
function open(port: number, signal: AbortSignal): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const failed = (): void => reject(obstacle('not-running'));
    try {
      const socket = new WebSocket(`ws://127.0.0.1:${port}`, PROTOCOL);
      socket.addEventListener('open', () => resolve(socket), { once: true });
      // `error` is final: Chromium fires no `close` if a CSP blocks the socket.
      socket.addEventListener('error', failed, { once: true });
      signal.addEventListener('abort', () => socket.close(), { once: true });
    } catch {
      failed();
    }
  });
}

function transportOf(socket: WebSocket): Transport {
  return {
    send: (text) => {
      const isOpen = socket.readyState === WebSocket.OPEN;
      if (isOpen) socket.send(text);
      return isOpen;
    },
    onMessage: (listener) =>
      socket.addEventListener('message', ({ data }) => void (typeof data === 'string' && listener(data))),
    closed: new Promise((resolve) => {
      for (const event of ['close', 'error']) socket.addEventListener(event, () => resolve());
    }),
    close: () => socket.close(),
  };
}

/** Another program on our port does not answer `hello`; an agent of another version answers it differently. */
async function greet(client: Client): Promise<void> {
  const timer = setTimeout(client.close, HELLO_MS);
  try {
    await client.call('hello', {});
  } catch (error) {
    client.close();
    throw obstacle(isObstacle(error, 'disconnected') ? 'not-running' : 'outdated');
  } finally {
    clearTimeout(timer);
  }
}

async function attempt(port: number, signal: AbortSignal): Promise<Connection> {
  const client = createClient(transportOf(await open(port, signal)));
  await greet(client);
  return { client, port };
}

/**
 * Tries all ports at once. The first that answers `hello` is the agent, and the others are closed. One after the other would
 * take longer, because browsers slow down a page whose WebSockets fail. There is no timeout before a socket is open, because
 * the browser may still be asking its question.
 */
export async function connect(ports: readonly number[], signal?: AbortSignal): Promise<Connection> {
  signal?.throwIfAborted();
  const done = new AbortController();
  const stop = (): void => done.abort();
  signal?.addEventListener('abort', stop);
  const attempts = ports.map((port) => attempt(port, done.signal));
  try {
    const first = await Promise.any(attempts);
    for (const one of attempts) void one.then((other) => other !== first && other.client.close()).catch(() => {});
    return first;
  } catch (error) {
    signal?.throwIfAborted();
    const causes: unknown[] = error instanceof AggregateError ? error.errors : [];
    throw obstacle(causes.some((cause) => isObstacle(cause, 'outdated')) ? 'outdated' : 'not-running');
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
