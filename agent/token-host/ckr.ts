/** Translates the return values of PKCS#11 into our codes. A value outside the table keeps its name in the details. */
import pkcs11js from 'pkcs11js';
import { AgentError, type ErrorCode } from '../../web-bridge/protocol/errors.ts';

/** PKCS#11 v2.40 §5.1 and the codes of v3.0 that the binding has no name for. */
const NAMES_OF_VERSION_3: Readonly<Record<number, string>> = {
  0x1b: 'CKR_ACTION_PROHIBITED',
  0x42: 'CKR_AEAD_DECRYPT_FAILED',
  0x140: 'CKR_CURVE_NOT_SUPPORTED',
  0x201: 'CKR_TOKEN_RESOURCE_EXCEEDED',
  0x202: 'CKR_OPERATION_CANCEL_FAILED',
  0x203: 'CKR_KEY_EXHAUSTED',
};

const NAMES = new Map<number, string>([
  ...Object.entries(NAMES_OF_VERSION_3).map(([rv, name]): [number, string] => [Number(rv), name]),
  ...Object.entries(pkcs11js)
    .filter(([name]) => /^CKR_(?!VENDOR_DEFINED)/.test(name))
    .map(([name, rv]): [number, string] => [Number(rv), name]),
]);

/** `only`: the value means this in that function, and something else elsewhere. */
const CODES: Readonly<Record<string, { readonly code: ErrorCode; readonly only?: string }>> = {
  CKR_PIN_INCORRECT: { code: 'ERR_TOKEN_PIN_INCORRECT' },
  CKR_PIN_INVALID: { code: 'ERR_TOKEN_PIN_INVALID' },
  CKR_PIN_LEN_RANGE: { code: 'ERR_TOKEN_PIN_INVALID' },
  CKR_PIN_LOCKED: { code: 'ERR_TOKEN_PIN_LOCKED' },
  CKR_USER_PIN_NOT_INITIALIZED: { code: 'ERR_TOKEN_PIN_NOT_SET' },
  // A person who presses the reader's cancel key (§5.4).
  CKR_FUNCTION_CANCELED: { code: 'ERR_USER_PIN_CANCELLED', only: 'C_Login' },
  CKR_FUNCTION_REJECTED: { code: 'ERR_USER_PIN_CANCELLED', only: 'C_Login' },
  CKR_TOKEN_NOT_PRESENT: { code: 'ERR_TOKEN_REMOVED' },
  CKR_DEVICE_REMOVED: { code: 'ERR_TOKEN_REMOVED' },
  CKR_SESSION_HANDLE_INVALID: { code: 'ERR_TOKEN_REMOVED' },
  CKR_SESSION_CLOSED: { code: 'ERR_TOKEN_REMOVED' },
  CKR_DEVICE_MEMORY: { code: 'ERR_TOKEN_FULL' },
  CKR_TOKEN_RESOURCE_EXCEEDED: { code: 'ERR_TOKEN_FULL' },
  CKR_SESSION_COUNT: { code: 'ERR_TOKEN_BUSY' },
  CKR_TOKEN_WRITE_PROTECTED: { code: 'ERR_TOKEN_WRITE_PROTECTED' },
  CKR_SESSION_READ_ONLY: { code: 'ERR_TOKEN_WRITE_PROTECTED' },
};

/** `CKR_…` as the standard spells it. Values of vendors and unknown values are in hexadecimal. */
export function nameOf(rv: number): string {
  return NAMES.get(rv) ?? `CKR_0x${rv.toString(16).padStart(8, '0')}`;
}

/** Translates what a call of the binding threw. The caller names the function, since the binding does not always know it. */
export function translate(fn: string, thrown: unknown): AgentError {
  const rv = returnValue(thrown);
  if (rv === undefined) return new AgentError('ERR_TOKEN_FAILED', { rv: 'none', fn }, thrown);
  const name = nameOf(rv);
  const row = Object.hasOwn(CODES, name) ? CODES[name] : undefined;
  const code = row && (row.only ?? fn) === fn ? row.code : 'ERR_TOKEN_FAILED';
  return new AgentError(code, { rv: name, fn }, thrown);
}

/**
 * In pkcs11js 2.1.7, most calls throw a Pkcs11Error with `.code`. C_CreateObject, C_SetAttributeValue and C_CopyObject throw
 * a plain Error "CKR_X:NN". In both, the number is the module's return value.
 */
function returnValue(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error)) return undefined;
  if ('code' in thrown && typeof thrown.code === 'number' && thrown.code !== 0) return thrown.code;
  const match = /CKR_[A-Za-z0-9_]+:(\d+)/.exec(thrown.message);
  return match ? Number(match[1]) : undefined;
}

/** Whether the failure has nothing to do with the question: the token is out, or its device fails. */
export function isOutOfOrder(error: unknown): boolean {
  if (!(error instanceof AgentError)) return false;
  return error.code === 'ERR_TOKEN_REMOVED' || OUT_OF_ORDER.has(rvOf(error));
}

const OUT_OF_ORDER: ReadonlySet<string | undefined> = new Set([
  'CKR_DEVICE_ERROR',
  'CKR_CRYPTOKI_NOT_INITIALIZED',
  'CKR_SLOT_ID_INVALID',
]);

/** The `CKR_…` of a translated failure. `undefined` for an error that did not come from the module. */
export function rvOf(error: unknown): string | undefined {
  if (!(error instanceof AgentError)) return undefined;
  const { rv } = error.details;
  return typeof rv === 'string' && rv.startsWith('CKR_') ? rv : undefined;
}
