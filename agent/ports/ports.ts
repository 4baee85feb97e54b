/** Everything that a use case is handed of the world. An interface stands here where two implementations, or a test's double, stand behind it. */
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
  /** Tells a person who may be elsewhere that they are needed. Not shown is no failure. */
  readonly notify: (notice: Notice) => void;
  readonly report: (fact: string, details: Readonly<Record<string, unknown>>) => void;
};
