/** The one error class of the SDK. A page handles the agent's failures and the SDK's own in the same way. */
import type { ErrorData, Words } from '../protocol/envelope.ts';
import type { ErrorCode, ErrorDetails, Retry } from '../protocol/errors.ts';
import { OBSTACLES, type Obstacle, type SdkErrorCode } from './bridge-state.ts';
import { SDK_WORDS } from './words.ts';

type Facts = { code: ErrorCode | SdkErrorCode; retry: Retry; support: string; details: ErrorDetails; words: Words };

/** Why a request failed. Show `words`, and beside them `support`, the support code (お問い合わせ番号). */
export class InkanError extends Error {
  override readonly name = 'InkanError';
  /** The stable name of the failure. It begins with `ERR_SDK_` if the failure is the SDK's own. */
  readonly code: ErrorCode | SdkErrorCode;
  /** `user`: the person can try again at once. `later`: try again later. `never`: a new order is needed. */
  readonly retry: Retry;
  readonly support: string;
  readonly details: ErrorDetails;
  /** What happened and one thing to do about it, in each language. */
  readonly words: Words;

  constructor(facts: Facts) {
    super(facts.code);
    this.code = facts.code;
    this.retry = facts.retry;
    this.support = facts.support;
    this.details = facts.details;
    this.words = facts.words;
  }
}

export function obstacle(name: Obstacle): InkanError {
  return new InkanError({ ...OBSTACLES[name], details: {}, words: SDK_WORDS[name] });
}

export function isObstacle(error: unknown, name: Obstacle): error is InkanError {
  return error instanceof InkanError && error.code === OBSTACLES[name].code;
}

export function fromAgent(data: ErrorData): InkanError {
  return new InkanError(data);
}
