/** What the methods work on. */
import type { Words } from '../../web-bridge/protocol/envelope.ts';
import type { ErrorCode } from '../../web-bridge/protocol/errors.ts';
import type { Enrollments } from '../enrollment/enrollments.ts';

export type Desktop = {
  readonly version: string;
  readonly enrollments: Enrollments;
  readonly words: (code: ErrorCode) => Words;
};
