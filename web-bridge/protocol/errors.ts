/**
 * The one table of all errors, for machines. The words for people are in `agent/dialog/locales/<lang>.json`, under the
 * same codes.
 *
 * The family of a code says where the fault is: BRIDGE the page, POLICY the order or the profile, USER the human's decision,
 * TOKEN the device, MODULE the installation, TOKEN_HOST the token host, CA the bank's server, CERTIFICATE what the CA
 * issued, INTERNAL the agent. Customers see `support`, the support code (お問い合わせ番号), in place of the code. A support
 * code is never used for another error. No longer used: B03.
 */

/** Whether to try again helps: `user`, the human at once; `later`, after some time; `never`, a new order is needed. */
export type Retry = 'user' | 'later' | 'never';

export const ERRORS = {
  ERR_BRIDGE_MESSAGE_INVALID: { retry: 'never', support: 'B01' },
  ERR_BRIDGE_METHOD_UNKNOWN: { retry: 'never', support: 'B02' },
  ERR_BRIDGE_PARAMS_INVALID: { retry: 'never', support: 'B04' },
  ERR_BRIDGE_ENROLLMENT_UNKNOWN: { retry: 'never', support: 'B05' },
  ERR_BRIDGE_TOO_LATE_TO_CANCEL: { retry: 'never', support: 'B06' },
  ERR_BRIDGE_BUSY: { retry: 'later', support: 'B07' },
  ERR_BRIDGE_PORT_TAKEN: { retry: 'user', support: 'B08' },

  ERR_POLICY_ORDER_MALFORMED: { retry: 'never', support: 'P01' },
  ERR_POLICY_ORDER_KEY_UNKNOWN: { retry: 'never', support: 'P02' },
  ERR_POLICY_ORDER_SIGNATURE_INVALID: { retry: 'never', support: 'P03' },
  ERR_POLICY_ORDER_CLAIMS_INVALID: { retry: 'never', support: 'P04' },
  ERR_POLICY_ORDER_EXPIRED: { retry: 'never', support: 'P05' },
  ERR_POLICY_ORDER_NOT_YET_VALID: { retry: 'user', support: 'P06' },
  ERR_POLICY_ORDER_LIFETIME_TOO_LONG: { retry: 'never', support: 'P07' },
  ERR_POLICY_ORDER_USED: { retry: 'never', support: 'P08' },
  ERR_POLICY_ORDER_ORIGIN_MISMATCH: { retry: 'never', support: 'P09' },
  ERR_POLICY_ORDER_PURPOSE_MISMATCH: { retry: 'never', support: 'P10' },
  ERR_POLICY_ORDER_ISSUER_UNKNOWN: { retry: 'never', support: 'P11' },
  ERR_POLICY_LABEL_UNKNOWN: { retry: 'never', support: 'P12' },
  ERR_POLICY_KEY_TYPE_REFUSED: { retry: 'never', support: 'P13' },
  ERR_POLICY_REPLACES_FOREIGN: { retry: 'never', support: 'P14' },
  ERR_POLICY_PROFILE_UNKNOWN: { retry: 'user', support: 'P15' },
  ERR_POLICY_PROFILE_INVALID: { retry: 'user', support: 'P16' },
  ERR_POLICY_PROFILE_UNSAFE: { retry: 'user', support: 'P17' },
  ERR_POLICY_PROFILE_DUPLICATE: { retry: 'user', support: 'P18' },
  ERR_POLICY_PROFILE_SIGNATURE_INVALID: { retry: 'never', support: 'P19' },
  ERR_POLICY_SCRIPTED_HUMAN_REFUSED: { retry: 'never', support: 'P20' },
  ERR_POLICY_COOL_DOWN: { retry: 'later', support: 'P21' },
  ERR_POLICY_REPLACES_ANOTHER: { retry: 'never', support: 'P22' },
  ERR_POLICY_REMOVAL_REFUSED: { retry: 'never', support: 'P23' },

  ERR_USER_REFUSED: { retry: 'user', support: 'U01' },
  ERR_USER_PIN_CANCELLED: { retry: 'user', support: 'U02' },
  ERR_USER_TIMEOUT: { retry: 'user', support: 'U03' },
  ERR_USER_CANCELLED: { retry: 'user', support: 'U04' },
  ERR_USER_UNREACHABLE: { retry: 'user', support: 'U05' },

  ERR_TOKEN_MISSING: { retry: 'user', support: 'T01' },
  ERR_TOKEN_REMOVED: { retry: 'user', support: 'T02' },
  ERR_TOKEN_AMBIGUOUS: { retry: 'user', support: 'T03' },
  ERR_TOKEN_NOT_ACCEPTED: { retry: 'user', support: 'T04' },
  ERR_TOKEN_BUSY: { retry: 'later', support: 'T05' },
  ERR_TOKEN_PIN_INCORRECT: { retry: 'user', support: 'T06' },
  ERR_TOKEN_PIN_INVALID: { retry: 'user', support: 'T07' },
  ERR_TOKEN_PIN_LOCKED: { retry: 'never', support: 'T08' },
  ERR_TOKEN_PIN_NOT_SET: { retry: 'never', support: 'T09' },
  ERR_TOKEN_FULL: { retry: 'user', support: 'T10' },
  ERR_TOKEN_WRITE_PROTECTED: { retry: 'never', support: 'T11' },
  ERR_TOKEN_CANNOT_CREATE_KEYS: { retry: 'never', support: 'T12' },
  ERR_TOKEN_KEY_EXPORTABLE: { retry: 'never', support: 'T13' },
  ERR_TOKEN_KEY_MISSING: { retry: 'user', support: 'T14' },
  ERR_TOKEN_CERTIFICATE_MISSING: { retry: 'user', support: 'T15' },
  ERR_TOKEN_SIGNATURE_WRONG: { retry: 'never', support: 'T16' },
  ERR_TOKEN_FAILED: { retry: 'user', support: 'T17' },
  ERR_TOKEN_CERTIFICATE_FOREIGN: { retry: 'user', support: 'T18' },
  ERR_TOKEN_CERTIFICATE_EXPIRED: { retry: 'never', support: 'T19' },
  ERR_TOKEN_REMOVAL_INCOMPLETE: { retry: 'never', support: 'T20' },

  ERR_MODULE_MISSING: { retry: 'user', support: 'M01' },
  ERR_MODULE_UNSAFE: { retry: 'never', support: 'M02' },
  ERR_MODULE_LOAD_FAILED: { retry: 'user', support: 'M03' },

  ERR_TOKEN_HOST_CRASHED: { retry: 'user', support: 'H01' },
  ERR_TOKEN_HOST_TIMEOUT: { retry: 'user', support: 'H02' },
  ERR_TOKEN_HOST_PROTOCOL: { retry: 'never', support: 'H03' },

  ERR_CA_UNREACHABLE: { retry: 'later', support: 'C01' },
  ERR_CA_TLS_UNTRUSTED: { retry: 'never', support: 'C02' },
  ERR_CA_AUTHORIZATION_REFUSED: { retry: 'never', support: 'C03' },
  ERR_CA_REFUSED: { retry: 'never', support: 'C04' },
  ERR_CA_UNAVAILABLE: { retry: 'later', support: 'C05' },
  ERR_CA_REDIRECTED: { retry: 'never', support: 'C06' },
  ERR_CA_ANSWER_INVALID: { retry: 'never', support: 'C07' },
  ERR_CA_ANSWER_TOO_LARGE: { retry: 'never', support: 'C08' },
  ERR_CA_ANSWER_LOST: { retry: 'never', support: 'C09' },
  ERR_CA_ATTRIBUTES_UNSUPPORTED: { retry: 'never', support: 'C10' },
  ERR_CA_PENDING_TOO_LONG: { retry: 'never', support: 'C11' },

  ERR_CERTIFICATE_UNREADABLE: { retry: 'never', support: 'Z01' },
  ERR_CERTIFICATE_KEY_MISMATCH: { retry: 'never', support: 'Z02' },
  ERR_CERTIFICATE_UNTRUSTED: { retry: 'never', support: 'Z03' },
  ERR_CERTIFICATE_NOT_YET_VALID: { retry: 'never', support: 'Z04' },
  ERR_CERTIFICATE_EXPIRED: { retry: 'never', support: 'Z05' },
  ERR_CERTIFICATE_SUBJECT_MISMATCH: { retry: 'never', support: 'Z06' },
  ERR_CERTIFICATE_USAGE_MISMATCH: { retry: 'never', support: 'Z07' },
  ERR_CERTIFICATE_IS_CA: { retry: 'never', support: 'Z08' },
  ERR_CERTIFICATE_WEAK: { retry: 'never', support: 'Z09' },

  ERR_INTERNAL_FAILED: { retry: 'later', support: 'I01' },
  ERR_INTERNAL_STATE_UNWRITABLE: { retry: 'user', support: 'I02' },
  ERR_INTERNAL_CONFIG_INVALID: { retry: 'user', support: 'I03' },
  ERR_INTERNAL_ENVIRONMENT_REFUSED: { retry: 'user', support: 'I04' },
  ERR_INTERNAL_ROOT_REFUSED: { retry: 'user', support: 'I05' },
  ERR_INTERNAL_ALREADY_RUNNING: { retry: 'user', support: 'I06' },
  ERR_INTERNAL_USAGE: { retry: 'user', support: 'I07' },
} as const satisfies Record<string, { retry: Retry; support: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** Facts about one failure: names and numbers for the bank's support. Never a secret, and never text that a page sent. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean>>;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

/** The one error class. `cause` goes to the log only; `details` go to the page and to the person. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}, cause?: unknown) {
    super(code, cause === undefined ? {} : { cause });
    this.code = code;
    this.details = details;
  }

  get retry(): Retry {
    return ERRORS[this.code].retry;
  }
}

/** Makes an `AgentError` of anything that was caught. An error that no code translated is an internal one. */
export function asAgentError(error: unknown): AgentError {
  return error instanceof AgentError ? error : new AgentError('ERR_INTERNAL_FAILED', {}, error);
}
