/** One WebSocket to the agent: JSON-RPC calls with answers checked, and the agent's events. */
import { PROTOCOL } from '../protocol/address.ts';
import type { EnrollmentStatus, Params, Result } from '../protocol/methods.ts';
import { type Called, isErrorData, isProgress, RESULT_CHECKS } from './answer.ts';
import { fromAgent, type InkanError, isObstacle, obstacle } from './failure.ts';

/** Time for the `hello` of a socket that is open: the browser's question lies behind, and the agent answers at once. */
const HELLO_MS = 5_000;

export type Client = {
  readonly port: number;
  readonly call: <M extends Called>(method: M, params: Params<M>) => Promise<Result<M>>;
  /** Hands every progress event to the listener for as long as the connection lives. */
  readonly onProgress: (listener: Listener) => void;
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;
  readonly close: () => void;
};

type Waiting = { method: Called; resolve: (result: never) => void; reject: (error: InkanError) => void };
type Listener = (status: EnrollmentStatus) => void;

/** Gives the constructor's throw (Firefox, blocked by CSP) and the `error` event (all others) one shape. */
function open(port: number, signal: AbortSignal): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const failed = (): void => reject(obstacle('not-running'));
    try {
      const socket = new WebSocket(`ws://127.0.0.1:${port}`, PROTOCOL);
      socket.addEventListener('open', () => resolve(socket), { once: true });
      // Chromium fires no `close` after a block by CSP: `error` is final.
      socket.addEventListener('error', failed, { once: true });
      signal.addEventListener('abort', () => socket.close(), { once: true });
    } catch {
      failed();
    }
  });
}

function talk(socket: WebSocket, port: number): Client {
  const waiting = new Map<unknown, Waiting>();
  const listeners: Listener[] = [];
  let lastId = 0;
  const closed = new Promise<void>((resolve) => {
    const end = (): void => {
      for (const { reject } of waiting.values()) reject(obstacle('disconnected'));
      waiting.clear();
      resolve();
    };
    socket.addEventListener('close', end);
    socket.addEventListener('error', end);
  });
  socket.addEventListener('message', ({ data }) => receive(parse(data), waiting, listeners));
  return {
    port,
    closed,
    close: () => socket.close(),
    onProgress: (listener) => void listeners.push(listener),
    call: (method, params) =>
      new Promise((resolve, reject) => {
        if (socket.readyState !== WebSocket.OPEN) return reject(obstacle('disconnected'));
        const id = ++lastId;
        waiting.set(id, { method, resolve, reject });
        socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
      }),
  };
}

type Message = { id?: unknown; method?: unknown; params?: unknown; result?: unknown; error?: { data?: unknown } };

function parse(data: unknown): Message {
  try {
    return Object(typeof data === 'string' ? JSON.parse(data) : undefined) as Message;
  } catch {
    return {};
  }
}

/** A message that is neither an answer to one of our calls nor a known event is passed over. */
function receive(message: Message, waiting: Map<unknown, Waiting>, listeners: readonly Listener[]): void {
  const { id, method, params } = message;
  if (method === 'progress' && isProgress(params)) for (const tell of listeners) tell(params);
  const call = waiting.get(id);
  if (call === undefined) return;
  waiting.delete(id);
  settle(call, message);
}

function settle({ method, resolve, reject }: Waiting, { result, error }: Message): void {
  const data = error?.data;
  if (isErrorData(data)) reject(fromAgent(data));
  else if (RESULT_CHECKS[method](result)) resolve(result as never);
  else reject(obstacle('answer-invalid'));
}

/** A strange program on our port does not answer `hello`; an agent of another age answers it differently. */
async function greet(client: Client): Promise<Client> {
  const timer = setTimeout(client.close, HELLO_MS);
  try {
    await client.call('hello', {});
    return client;
  } catch (error) {
    client.close();
    throw obstacle(isObstacle(error, 'disconnected') ? 'not-running' : 'outdated');
  } finally {
    clearTimeout(timer);
  }
}

/**
 * One parallel round over the ports, for browsers slow down a page whose WebSockets fail: the first that answers
 * `hello` is the agent, the others are closed. No timeout before a socket is open: the browser's question may be.
 */
export async function connect(ports: readonly number[], signal?: AbortSignal): Promise<Client> {
  signal?.throwIfAborted();
  const done = new AbortController();
  const stop = (): void => done.abort();
  signal?.addEventListener('abort', stop);
  const attempts = ports.map(async (port) => greet(talk(await open(port, done.signal), port)));
  try {
    const client = await Promise.any(attempts);
    for (const attempt of attempts) void attempt.then((other) => other !== client && other.close()).catch(() => {});
    return client;
  } catch (error) {
    signal?.throwIfAborted();
    const causes: unknown[] = error instanceof AggregateError ? error.errors : [];
    throw obstacle(causes.some((cause) => isObstacle(cause, 'outdated')) ? 'outdated' : 'not-running');
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
