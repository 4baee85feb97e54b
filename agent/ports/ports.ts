/**
 * Everything outside of the process that an enrollment or an operation uses. An interface stands here where it has two
 * implementations, or one and a double in the tests.
 */
import type { ConnectCa } from './ca.ts';
import type { Attention, Human, Notice } from './human.ts';
import type { Journal, Locks, ReminderBook, SpentOrders } from './records.ts';
import type { Tokens } from './token.ts';

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** @throws the signal's reason */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export type Ports = {
  readonly tokens: Tokens;
  readonly connectCa: ConnectCa;
  readonly human: Human;
  readonly journal: Journal;
  readonly locks: Locks;
  readonly attention: Attention;
  readonly spentOrders: SpentOrders;
  readonly reminderBook: ReminderBook;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  /** Shows a notification to a person who may be elsewhere. A notification that cannot be shown is not an error. */
  readonly notify: (notice: Notice) => void;
  readonly report: (fact: string, details: Readonly<Record<string, unknown>>) => void;
};
