/** An enrollment in the memory of this process: its state, who may see it, and whether work on it may begin. */

import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { EnrollmentId, StateName } from '../../web-bridge/protocol/methods.ts';
import type { VerifiedOrder } from '../policy/order.ts';
import type { AttentionHeld } from '../ports/human.ts';
import type { Plan } from '../ports/plan.ts';
import type { Ports } from '../ports/ports.ts';
import type { JournalEntry } from '../ports/records.ts';
import { isCancellable, isIssued, isOpen } from '../records/states.ts';
import { hasSameIntent } from './lost-answer.ts';

/** What a page or the CLI may know of an enrollment. */
export type Progress = {
  readonly enrollment: EnrollmentId;
  readonly state: StateName;
  /** In a final state: why it failed. In any other state: why it waits. */
  readonly error?: AgentError;
};

/** Who asks. A page sees the enrollments of its own origin only. The owner, the person at this machine, sees all. */
export type Viewer = { readonly origin: string } | 'owner';

export type Listener = (progress: Progress) => void;

export type ActiveEnrollment = {
  readonly enrollment: EnrollmentId;
  readonly origin: string;
  readonly order: Pick<VerifiedOrder['claims'], 'jti'> & Pick<VerifiedOrder, 'digest'>;
  /** `undefined` until the human has consented. */
  entry: JournalEntry | undefined;
  error: AgentError | undefined;
  cancel: AbortController;
  work: Promise<void> | undefined;
  /** Held from the order until the key is made, so that no other dialog opens between consent and PIN. */
  attention: AttentionHeld | undefined;
  readonly listeners: Set<Listener>;
};

const ENROLLMENT_ID_BYTES = 16;
/** An enrollment is abandoned if its request was not sent within this time. Its order has expired long before. */
const UNSENT_LIMIT_MS = 24 * 3_600_000;

export function newActiveEnrollment(
  enrollment: EnrollmentId,
  order: ActiveEnrollment['order'],
  origin: string,
): ActiveEnrollment {
  return {
    enrollment,
    origin,
    order,
    entry: undefined,
    error: undefined,
    cancel: new AbortController(),
    work: undefined,
    attention: undefined,
    listeners: new Set(),
  };
}

/** A random id. It does not begin with a hyphen, because the command line would read it as an option. */
export function newEnrollmentId(random: Ports['random']): EnrollmentId {
  for (;;) {
    const id = Buffer.from(random(ENROLLMENT_ID_BYTES)).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}

export function isVisible(active: ActiveEnrollment, viewer: Viewer): boolean {
  return viewer === 'owner' || active.origin === viewer.origin;
}

/** Before consent there is no journal entry. An enrollment that ends with an error until then has failed. */
export function progressOf({ enrollment, entry, error }: ActiveEnrollment): Progress {
  const state = entry?.state;
  if (!state) return error ? { enrollment, state: finalStateAfter(error), error } : { enrollment, state: 'accepted' };
  if (state.name === 'failed') return { enrollment, state: 'failed', error: new AgentError(state.code, state.details) };
  return error && isOpen(state) ? { enrollment, state: state.name, error } : { enrollment, state: state.name };
}

function finalStateAfter({ code }: AgentError): StateName {
  return code === 'ERR_USER_CANCELLED' ? 'abandoned' : 'failed';
}

export function isOpenFor({ entry }: ActiveEnrollment, plan: Plan): boolean {
  return entry !== undefined && isOpen(entry.state) && hasSameIntent(entry.state.plan, plan);
}

/**
 * Whether a new order with this plan joins the enrollment instead of beginning another. It does if there is work on it at this
 * moment, or if the CA has answered: otherwise two pages could enroll twice for one account.
 */
export function isUnderWay(active: ActiveEnrollment, plan: Plan): boolean {
  const { entry, work } = active;
  if (!entry || !isOpenFor(active, plan)) return false;
  return work !== undefined || entry.state.name === 'pending' || isIssued(entry.state);
}

/** Cancelled, but not yet ended. A new order must not join it. */
export function isBeingAbandoned({ entry, work, cancel }: ActiveEnrollment): boolean {
  return work !== undefined && cancel.signal.aborted && entry !== undefined && isCancellable(entry.state);
}

/** Its request was not sent in time, and it is to be abandoned. @param now milliseconds since 1970 */
export function isOverdue({ entry }: ActiveEnrollment, now: number): boolean {
  return entry !== undefined && isCancellable(entry.state) && now - entry.startedAt >= UNSENT_LIMIT_MS;
}

/** Whether a new order for the same account abandons it: its request was not sent, and there is no work on it. */
export function isSupersededBy({ entry, work }: ActiveEnrollment, plan: Plan): boolean {
  if (work || !entry || !isCancellable(entry.state)) return false;
  const { profile, account } = entry.state.plan;
  return profile === plan.profile && account.id === plan.account.id;
}

/** Whether its next step needs no human: it sends the signed request or asks the CA again. All other steps need the PIN. */
export function canRunUnattended({ entry }: ActiveEnrollment): boolean {
  if (entry?.state.name === 'sent') return entry.state.plan.service.resend === 'idempotent';
  return entry?.state.name === 'csr-signed' || entry?.state.name === 'pending';
}
