/** What the methods of the bridge work with. */
import type { Words } from '../../web-bridge/protocol/envelope.ts';
import type { ErrorCode } from '../../web-bridge/protocol/errors.ts';
import type { Result } from '../../web-bridge/protocol/methods.ts';
import type { Enrollments } from '../enrollment/enrollments.ts';
import type { DeviceStatus } from '../operations/status.ts';

export type Context = {
  readonly version: string;
  readonly enrollments: Enrollments;
  readonly operations: Operations;
  /** A page of a bank is here: what takes long to start may start now. */
  readonly expectWork: () => void;
  readonly words: (code: ErrorCode) => Words;
};

/** What is done at once and kept in no journal. The signal ends it, dialogs and all. */
export type Operations = {
  readonly logIn: (order: string, origin: string, signal: AbortSignal) => Promise<Result<'authenticate'>>;
  readonly remove: (order: string, origin: string, signal: AbortSignal) => Promise<void>;
  readonly deviceStatus: (origin: string, signal: AbortSignal) => Promise<DeviceStatus>;
};
