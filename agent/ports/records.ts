/** What is kept on disk, and the locks between the processes of one user. The room `agent/records` fills this in. */
import type { CertificateDer } from '../../web-bridge/asn1/der.ts';
import type { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { EnrollmentId, RenewalPhase } from '../../web-bridge/protocol/methods.ts';
import type { State } from './state.ts';
import type { TokenIdentity } from './token.ts';

export type JournalEntry = {
  readonly enrollment: EnrollmentId;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly updatedAt: number;
  readonly state: State;
};

/** The latest state of each enrollment, durable. */
export interface Journal {
  read(enrollment: EnrollmentId): Promise<JournalEntry | undefined>;
  list(): Promise<JournalEntry[]>;
  /** Takes the space that this enrollment will need, before its first act. @throws AgentError ERR_INTERNAL_STATE_UNWRITABLE */
  reserve(enrollment: EnrollmentId): Promise<void>;
  /** Gives the space back. */
  release(enrollment: EnrollmentId): Promise<void>;
  /** Durable when it returns. @throws AgentError ERR_INTERNAL_STATE_UNWRITABLE */
  write(entry: JournalEntry): Promise<void>;
  /** The authorization's own file: the one secret on disk. */
  keepSecret(enrollment: EnrollmentId, secret: string): Promise<void>;
  secret(enrollment: EnrollmentId): Promise<string | undefined>;
  eraseSecret(enrollment: EnrollmentId): Promise<void>;
  /** What a crash left of enrollments that were never consented, and of writes that it cut off: secrets among it. */
  eraseStrays(): Promise<void>;
}

/** Orders that no journal entry stands for, spent durably before they are acted upon. */
export interface SpentOrders {
  /** @throws AgentError ERR_POLICY_ORDER_USED */
  check(jti: string): Promise<void>;
  /** @throws AgentError ERR_POLICY_ORDER_USED, ERR_INTERNAL_STATE_UNWRITABLE */
  spend(jti: string, until: number, signal: AbortSignal): Promise<void>;
}

/** Phases in which a person can do something about a certificate, and is told so. */
export type RemindedPhase = Extract<RenewalPhase, 'open' | 'expired-allowed'>;

/** What was last said of a certificate's renewal; `removed`: it is gone from the token, and nothing is said any more. */
export type Reminder = { readonly about: RemindedPhase | 'removed'; readonly at: number };

/** The last reminder of each certificate, durable. What cannot be read or written is reported and throws nothing. */
export interface ReminderBook {
  last(certificate: CertificateDer): Promise<Reminder | undefined>;
  write(certificate: CertificateDer, reminder: Reminder): Promise<void>;
  /** Forgets all others. */
  keepOnly(certificates: readonly CertificateDer[]): Promise<void>;
}

/** Across processes: the CLI and `serve` share one lock per token and per enrollment. */
export interface Locks {
  /** Waits at most `waitMs`. @throws AgentError `busy` when another process holds it */
  hold(name: string, busy: AgentError, waitMs: number, signal: AbortSignal): Promise<() => Promise<void>>;
  /** The same token seen through two modules is one token. @throws AgentError ERR_TOKEN_BUSY */
  holdToken(token: TokenIdentity, signal: AbortSignal): Promise<() => Promise<void>>;
}
