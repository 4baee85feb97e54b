/** The records on disk, and the locks between the processes of one user. `agent/records` implements them. */
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

/** The latest state of each enrollment, written durably (fsync). */
export interface Journal {
  read(enrollment: EnrollmentId): Promise<JournalEntry | undefined>;
  list(): Promise<JournalEntry[]>;
  /** Takes disk space for this enrollment before its first step. @throws AgentError ERR_INTERNAL_STATE_UNWRITABLE */
  reserve(enrollment: EnrollmentId): Promise<void>;
  /** Gives the disk space back. */
  release(enrollment: EnrollmentId): Promise<void>;
  /** The entry is durable when the promise resolves. @throws AgentError ERR_INTERNAL_STATE_UNWRITABLE */
  write(entry: JournalEntry): Promise<void>;
  /** Writes the secret of the authorization to a file of its own. It is the only secret on disk. */
  keepSecret(enrollment: EnrollmentId, secret: string): Promise<void>;
  secret(enrollment: EnrollmentId): Promise<string | undefined>;
  eraseSecret(enrollment: EnrollmentId): Promise<void>;
  /**
   * Erases the files that a crash left: those of enrollments without consent, of enrollments that have ended, and of
   * interrupted writes. They may hold secrets.
   */
  eraseAbandoned(): Promise<void>;
}

/** The orders of operations that have been carried out. An order is recorded durably before the operation acts on it. */
export interface SpentOrders {
  /** @throws AgentError ERR_POLICY_ORDER_USED */
  check(jti: string): Promise<void>;
  /** @param until milliseconds since 1970. @throws AgentError ERR_POLICY_ORDER_USED, ERR_INTERNAL_STATE_UNWRITABLE */
  spend(jti: string, until: number, signal: AbortSignal): Promise<void>;
}

/** The phases of the renewal window in which a person is reminded. */
export type RemindedPhase = Extract<RenewalPhase, 'open' | 'expired-allowed'>;

/**
 * The last reminder of a certificate. `removed`: the certificate was removed from the token, and no reminder follows. `at`:
 * milliseconds since 1970.
 */
export type Reminder = { readonly about: RemindedPhase | 'removed'; readonly at: number };

/** The last reminder of each certificate, written durably. A file that cannot be read or written is logged; nothing is thrown. */
export interface ReminderBook {
  last(certificate: CertificateDer): Promise<Reminder | undefined>;
  write(certificate: CertificateDer, reminder: Reminder): Promise<void>;
  /** Forgets all certificates but these. */
  keepOnly(certificates: readonly CertificateDer[]): Promise<void>;
}

/** Locks between the processes of one user: `serve` and the CLI share one for each token and one for each enrollment. */
export interface Locks {
  /** Waits at most `waitMs`. Resolves to a function that unlocks. @throws `busy` if another process still holds the lock */
  hold(name: string, busy: AgentError, waitMs: number, signal: AbortSignal): Promise<() => Promise<void>>;
  /** A token that two modules show has one lock. Resolves to a function that unlocks. @throws AgentError ERR_TOKEN_BUSY */
  holdToken(token: TokenIdentity, signal: AbortSignal): Promise<() => Promise<void>>;
}
