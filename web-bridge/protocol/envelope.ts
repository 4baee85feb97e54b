/** JSON-RPC 2.0 over the WebSocket subprotocol `inkan.v1`: the frame around every message. No batches. */
import * as v from 'valibot';
import { type AgentError, ERRORS, type ErrorCode, type Retry } from './errors.ts';
import { type ByLanguage, byLanguage } from './languages.ts';

export { MAX_MESSAGE_BYTES, PORTS, PROTOCOL } from './address.ts';

const id = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

export const requestEnvelope = v.strictObject({
  jsonrpc: v.literal('2.0'),
  id,
  method: v.pipe(v.string(), v.maxLength(64)),
  params: v.optional(v.record(v.string(), v.unknown()), {}),
});
export type RequestEnvelope = v.InferOutput<typeof requestEnvelope>;

/** What a person reads about a failure: what happened, and one thing to do about it. */
const whatAndRemedy = v.strictObject({ what: v.string(), remedy: v.string() });
export type WhatAndRemedy = v.InferOutput<typeof whatAndRemedy>;
export type Words = ByLanguage<WhatAndRemedy>;

/** `error.data` of a JSON-RPC error. `support` is the support code that customers are shown. */
export const errorData = v.strictObject({
  code: v.custom<ErrorCode>((code) => typeof code === 'string' && Object.hasOwn(ERRORS, code)),
  retry: v.picklist(['user', 'later', 'never'] satisfies Retry[]),
  support: v.string(),
  details: v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
  words: v.strictObject(byLanguage(() => whatAndRemedy)),
});
export type ErrorData = v.InferOutput<typeof errorData>;

/** An error as pages and programs get it, without its `cause`, which goes to the log only. */
export function errorDataOf({ code, details }: AgentError, words: (code: ErrorCode) => Words): ErrorData {
  return { code, ...ERRORS[code], details: { ...details }, words: words(code) };
}

export const resultEnvelope = v.strictObject({ jsonrpc: v.literal('2.0'), id, result: v.unknown() });

export const errorEnvelope = v.strictObject({
  jsonrpc: v.literal('2.0'),
  id: v.nullable(id),
  error: v.strictObject({ code: v.number(), message: v.string(), data: errorData }),
});

export const eventEnvelope = v.strictObject({
  jsonrpc: v.literal('2.0'),
  method: v.string(),
  params: v.record(v.string(), v.unknown()),
});

/** JSON-RPC's own numbers (§5.1). All our errors have −32000, and `data.code` names them. */
export const RPC_CODES: Readonly<Partial<Record<ErrorCode, number>>> = {
  ERR_BRIDGE_MESSAGE_INVALID: -32600,
  ERR_BRIDGE_METHOD_UNKNOWN: -32601,
  ERR_BRIDGE_PARAMS_INVALID: -32602,
};
export const RPC_CODE_OURS = -32000;
