/** JSON-RPC 2.0 with the agent over any transport: makes calls, checks their answers, and receives events. */
import type { EnrollmentStatus, Params, Result } from '../protocol/methods.ts';
import { type Called, isErrorData, isProgress, RESULT_CHECKS } from './answer.ts';
import { fromAgent, type InkanError, obstacle } from './failure.ts';

/** A connection that carries whole texts in both directions. */
export type Transport = {
  /** Sends a text; `false` if the connection is closing or closed. */
  readonly send: (text: string) => boolean;
  /** Calls the listener with every text that arrives. */
  readonly onMessage: (listener: (text: string) => void) => void;
  /** Resolves when the connection has ended, no matter who ended it. */
  readonly closed: Promise<void>;
  readonly close: () => void;
};

export type Client = {
  readonly call: <M extends Called>(method: M, params: Params<M>) => Promise<Result<M>>;
  /** Calls the listener with every progress event until the connection ends. */
  readonly onProgress: (listener: ProgressListener) => void;
  /** Resolves when the connection has ended and every call without an answer has failed. */
  readonly closed: Promise<void>;
  readonly close: () => void;
};

type ProgressListener = (status: EnrollmentStatus) => void;
type Call = { method: Called; resolve: (result: never) => void; reject: (error: InkanError) => void };
type Message = { id?: unknown; method?: unknown; params?: unknown; result?: unknown; error?: { data?: unknown } };

export function createClient(transport: Transport): Client {
  const pending = new Map<unknown, Call>();
  const listeners: ProgressListener[] = [];
  let lastId = 0;
  transport.onMessage((text) => receive(parse(text), pending, listeners));
  return {
    closed: end(transport.closed, pending),
    close: transport.close,
    onProgress: (listener) => void listeners.push(listener),
    call: (method, params) =>
      new Promise((resolve, reject) => {
        const id = ++lastId;
        if (!transport.send(JSON.stringify({ jsonrpc: '2.0', id, method, params })))
          return reject(obstacle('disconnected'));
        pending.set(id, { method, resolve, reject });
      }),
  };
}

/** Fails all calls, because no answer comes after the connection has ended. */
async function end(closed: Promise<void>, pending: Map<unknown, Call>): Promise<void> {
  await closed;
  for (const { reject } of pending.values()) reject(obstacle('disconnected'));
  pending.clear();
}

function parse(text: string): Message {
  try {
    return Object(JSON.parse(text)) as Message;
  } catch {
    return {};
  }
}

/** Ignores a message that is neither an answer to one of our calls nor a known event. */
function receive(message: Message, pending: Map<unknown, Call>, listeners: readonly ProgressListener[]): void {
  const { id, method, params } = message;
  if (method === 'progress' && isProgress(params)) for (const listener of listeners) listener(params);
  const call = pending.get(id);
  if (call === undefined) return;
  pending.delete(id);
  settle(call, message);
}

function settle({ method, resolve, reject }: Call, { result, error }: Message): void {
  const data = error?.data;
  if (isErrorData(data)) reject(fromAgent(data));
  else if (RESULT_CHECKS[method](result)) resolve(result as never);
  else reject(obstacle('answer-invalid'));
}
