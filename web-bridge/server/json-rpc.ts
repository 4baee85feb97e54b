/** JSON-RPC 2.0 with one page, over any transport: answers the text of a message with a text, and sends events. */
import * as v from 'valibot';
import { errorDataOf, RPC_CODE_OURS, RPC_CODES, requestEnvelope, type Words } from '../protocol/envelope.ts';
import { AgentError, asAgentError, type ErrorCode, type ErrorDetails } from '../protocol/errors.ts';
import { EVENTS } from '../protocol/events.ts';
import type { Caller, Handler, Handlers } from '../protocol/handlers.ts';
import { isMethod, METHODS, type Method } from '../protocol/methods.ts';
import type { Limits } from './limits.ts';
import { parseStrictly } from './strict-json.ts';

/** Writes a short name and facts to the log, never a message's body. `cause` goes to the log only. */
export type Report = (what: string, facts: ErrorDetails, cause?: unknown) => void;

export type Service = {
  readonly handlers: Handlers;
  /** What a person reads about a failure. */
  readonly words: (code: ErrorCode) => Words;
  readonly report: Report;
  readonly limits: Limits;
};

/** What a transport provides for each page. */
export type Connection = Pick<Caller, 'origin' | 'onClose'> & {
  /** Sends a text. It does nothing after the connection has ended. */
  readonly send: (text: string) => void;
};

/** The most bytes of the envelope around a result. */
const ENVELOPE_BYTES = 64;

function callerOf({ origin, onClose, send }: Connection): Caller {
  return {
    origin,
    onClose,
    notify: (method, params) =>
      send(JSON.stringify({ jsonrpc: '2.0', method, params: v.parse(EVENTS[method], params) })),
  };
}

function errorMessage(id: number | null, error: AgentError, words: Service['words']): object {
  const { code } = error;
  const data = errorDataOf(error, words);
  return { jsonrpc: '2.0', id, error: { code: RPC_CODES[code] ?? RPC_CODE_OURS, message: code, data } };
}

/** Runs one known method: checks its parameters and its result against their schemas. */
async function run(method: Method, params: unknown, caller: Caller, service: Service): Promise<unknown> {
  const { params: paramsSchema, result: resultSchema } = METHODS[method];
  const known = v.safeParse(paramsSchema, params);
  if (!known.success) throw new AgentError('ERR_BRIDGE_PARAMS_INVALID', { method });
  const handle = service.handlers[method] as Handler<Method>;
  const result = v.safeParse(resultSchema, await handle(known.output, caller));
  if (!result.success)
    throw new AgentError('ERR_INTERNAL_FAILED', { method, answer: 'not as promised' }, result.issues);
  const bytes = Buffer.byteLength(JSON.stringify(result.output));
  if (bytes > service.limits.messageBytes - ENVELOPE_BYTES)
    throw new AgentError('ERR_INTERNAL_FAILED', { method, bytes });
  return result.output;
}

/** Answers one message. `atOnce` is the number of unanswered requests of this connection. */
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

/** Serves one connection: answers each message. Work that a request has begun goes on when the connection ends. */
export function createAnswerer(connection: Connection, service: Service): (text: string) => Promise<string> {
  const caller = callerOf(connection);
  const atOnce = { count: 0 };
  return async (text) => JSON.stringify(await answer(text, caller, service, atOnce));
}
