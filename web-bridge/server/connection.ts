/** One page's WebSocket: messages in, answers and events out. It parses what strangers send and knows no token. */
import * as v from 'valibot';
import type { RawData, WebSocket } from 'ws';
import { errorDataOf, RPC_CODE_OURS, RPC_CODES, requestEnvelope, type Words } from '../protocol/envelope.ts';
import { AgentError, asAgentError, type ErrorCode, type ErrorDetails } from '../protocol/errors.ts';
import { EVENTS } from '../protocol/events.ts';
import type { Caller, Handler, Handlers } from '../protocol/handlers.ts';
import { isMethod, METHODS, type Method } from '../protocol/methods.ts';
import type { Limits } from './limits.ts';
import { parseStrictly } from './strict-json.ts';

/** Told to the log: a short name and facts; never a message's body. `cause` goes nowhere but there. */
export type Report = (what: string, facts: ErrorDetails, cause?: unknown) => void;

export type Service = {
  readonly handlers: Handlers;
  /** What a person reads about a failure. */
  readonly words: (code: ErrorCode) => Words;
  readonly report: Report;
  readonly limits: Limits;
};

/** RFC 6455 §7.4.1. */
const CLOSE = { goingAway: 1001, unsupportedData: 1003 } as const;

/** What the envelope around a result takes. */
const ENVELOPE_BYTES = 64;

type Send = (message: object) => void;

function sender(socket: WebSocket, limits: Limits): Send {
  return (message) => {
    if (socket.readyState !== socket.OPEN) return;
    socket.send(JSON.stringify(message));
    // ws has no limit for what it keeps for a page that does not read.
    if (socket.bufferedAmount > limits.unreadBytes) socket.terminate();
  };
}

function callerOf(socket: WebSocket, origin: string, send: Send): Caller {
  // Not the socket's own list: a page makes as many of these as it sends requests.
  const listeners = new Set<() => void>();
  socket.once('close', () => listeners.forEach((listener) => listener()));
  return {
    origin,
    notify: (method, params) => send({ jsonrpc: '2.0', method, params: v.parse(EVENTS[method], params) }),
    onClose: (listener) => {
      if (socket.readyState === socket.CLOSED) listener();
      else listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function errorMessage(id: number | null, error: AgentError, words: Service['words']): object {
  const { code } = error;
  const data = errorDataOf(error, words);
  return { jsonrpc: '2.0', id, error: { code: RPC_CODES[code] ?? RPC_CODE_OURS, message: code, data } };
}

/** Runs one known method: parameters in, a result that keeps to its schema out. */
async function run(method: Method, params: unknown, caller: Caller, service: Service): Promise<unknown> {
  const { params: asked, result: promised } = METHODS[method];
  const known = v.safeParse(asked, params);
  if (!known.success) throw new AgentError('ERR_BRIDGE_PARAMS_INVALID', { method });
  const handle = service.handlers[method] as Handler<Method>;
  const result = v.safeParse(promised, await handle(known.output, caller));
  if (!result.success)
    throw new AgentError('ERR_INTERNAL_FAILED', { method, answer: 'not as promised' }, result.issues);
  const bytes = Buffer.byteLength(JSON.stringify(result.output));
  if (bytes > service.limits.messageBytes - ENVELOPE_BYTES)
    throw new AgentError('ERR_INTERNAL_FAILED', { method, bytes });
  return result.output;
}

/** Answers one message. `atOnce` counts the requests of this connection that are being worked on. */
async function answer(text: string, caller: Caller, service: Service, atOnce: { count: number }): Promise<object> {
  const { words, report, limits } = service;
  const request = v.safeParse(requestEnvelope, parseStrictly(text, limits.jsonDepth));
  if (!request.success) return errorMessage(null, new AgentError('ERR_BRIDGE_MESSAGE_INVALID'), words);
  const { id, method, params } = request.output;
  if (!isMethod(method)) return errorMessage(id, new AgentError('ERR_BRIDGE_METHOD_UNKNOWN'), words);
  if (atOnce.count >= limits.requestsAtOnce) return errorMessage(id, new AgentError('ERR_BRIDGE_BUSY'), words);
  atOnce.count += 1;
  try {
    return { jsonrpc: '2.0', id, result: await run(method, params, caller, service) };
  } catch (thrown) {
    const error = asAgentError(thrown);
    report('request failed', { method, origin: caller.origin, code: error.code, ...error.details }, error.cause);
    return errorMessage(id, error, words);
  } finally {
    atOnce.count -= 1;
  }
}

/** Serves a connection until it ends. Ending it ends nothing that it began. */
export function serve(socket: WebSocket, origin: string, service: Service): void {
  const { report, limits } = service;
  const send = sender(socket, limits);
  const caller = callerOf(socket, origin, send);
  const atOnce = { count: 0 };
  // Browsers answer pings for pages that are frozen: only a message is a sign of life.
  const quiet = setTimeout(() => socket.close(CLOSE.goingAway), limits.quietMs);
  socket.on('message', (data: RawData, isBinary: boolean) => {
    quiet.refresh();
    if (isBinary || !(data instanceof Buffer)) return socket.close(CLOSE.unsupportedData);
    answer(data.toString('utf8'), caller, service, atOnce).then(send, (cause: unknown) => {
      report('answer failed', { origin }, cause);
      socket.terminate();
    });
  });
  // ws closes with the right code after an error of the peer's (too big, fragments, invalid UTF-8).
  socket.on('error', (error) => report('connection error', { origin, error: (error as { code?: string }).code ?? '' }));
  socket.on('close', () => clearTimeout(quiet));
}
