/** What the methods work on. */
import type { Words } from '../../web-bridge/protocol/envelope.ts';
import type { ErrorCode } from '../../web-bridge/protocol/errors.ts';
import type { Result } from '../../web-bridge/protocol/methods.ts';
import type { Enrollments } from '../enrollment/enrollments.ts';

export type Desktop = {
  readonly version: string;
  readonly enrollments: Enrollments;
  readonly acts: Acts;
  /** A page of a bank is here: what takes long to start may start now. */
  readonly expectWork: () => void;
  readonly words: (code: ErrorCode) => Words;
};

/** What is done at once and kept in no journal: the signal ends it, dialogs and all. */
export type Acts = {
  readonly authenticate: (order: string, origin: string, signal: AbortSignal) => Promise<Result<'authenticate'>>;
  readonly remove: (order: string, origin: string, signal: AbortSignal) => Promise<void>;
};
