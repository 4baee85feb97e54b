/** What the bridge's methods work with. */
import type { Words } from '../../web-bridge/protocol/envelope.ts';
import type { ErrorCode } from '../../web-bridge/protocol/errors.ts';
import type { Result } from '../../web-bridge/protocol/methods.ts';
import type { Enrollments } from '../enrollment/enrollments.ts';
import type { DeviceStatus } from '../operations/status.ts';

export type Context = {
  readonly version: string;
  readonly enrollments: Enrollments;
  readonly operations: Operations;
  /** Called when a bank's page has connected: a spare token host may be started now. */
  readonly expectWork: () => void;
  readonly words: (code: ErrorCode) => Words;
};

/** The operations. Aborting the signal ends an operation and closes its dialog. */
export type Operations = {
  readonly logIn: (order: string, origin: string, signal: AbortSignal) => Promise<Result<'authenticate'>>;
  readonly remove: (order: string, origin: string, signal: AbortSignal) => Promise<void>;
  readonly deviceStatus: (origin: string, signal: AbortSignal) => Promise<DeviceStatus>;
};
