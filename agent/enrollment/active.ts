/** An enrollment as this process holds it, and what may be told of it to whom. */

import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { EnrollmentId, StateName } from '../../web-bridge/protocol/methods.ts';
import type { VerifiedOrder } from '../policy/order.ts';
import type { AttentionHeld } from '../ports/human.ts';
import type { Plan } from '../ports/plan.ts';
import type { Ports } from '../ports/ports.ts';
import type { JournalEntry } from '../ports/records.ts';
import { isCancellable, isIssued, isOpen } from '../records/states.ts';
import { hasSameIntent } from './lost-answer.ts';

/** What a page, or the person at the CLI, may be told of an enrollment. */
export type Progress = {
  readonly enrollment: EnrollmentId;
  readonly state: StateName;
  /** Why it failed; or, beside a state that is not final, why it waits. */
  readonly error?: AgentError;
};

/** Who asks: a page sees the enrollments of its own origin only; the person at this machine sees all. */
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
  /** The human's attention, from the order to the key: consent and the PIN are asked in one go. */
  held: AttentionHeld | undefined;
  readonly listeners: Set<Listener>;
};

const ENROLLMENT_ID_BYTES = 16;
/** An enrollment whose request was never sent is given up after this time: its order has long expired. */
const UNSENT_LIVES_MS = 24 * 3_600_000;

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
    held: undefined,
    listeners: new Set(),
  };
}

/** Never with a hyphen in front, which the command line would take for an option. */
export function newEnrollmentId(random: Ports['random']): EnrollmentId {
  for (;;) {
    const id = Buffer.from(random(ENROLLMENT_ID_BYTES)).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}

export function isVisible(active: ActiveEnrollment, viewer: Viewer): boolean {
  return viewer === 'owner' || active.origin === viewer.origin;
}

/** Before consent there is no journal: an enrollment that the human refused, or that found no token, has simply failed. */
export function progressOf({ enrollment, entry, error }: ActiveEnrollment): Progress {
  const state = entry?.state;
  if (!state) return error ? { enrollment, state: endedAs(error), error } : { enrollment, state: 'accepted' };
  if (state.name === 'failed') return { enrollment, state: 'failed', error: new AgentError(state.code, state.details) };
  return error && isOpen(state) ? { enrollment, state: state.name, error } : { enrollment, state: state.name };
}

function endedAs({ code }: AgentError): StateName {
  return code === 'ERR_USER_CANCELLED' ? 'abandoned' : 'failed';
}

export function isOpenFor({ entry }: ActiveEnrollment, plan: Plan): boolean {
  return entry !== undefined && isOpen(entry.state) && hasSameIntent(entry.state.plan, plan);
}

/** Two pages, two orders, one account: what is at work for it, or has come as far as the CA's word, is the one. */
export function isUnderWay(active: ActiveEnrollment, plan: Plan): boolean {
  const { entry, work } = active;
  if (!entry || !isOpenFor(active, plan)) return false;
  return work !== undefined || entry.state.name === 'pending' || isIssued(entry.state);
}

/** Cancelled, and not yet at its end: nobody joins it any more. */
export function isBeingGivenUp({ entry, work, cancel }: ActiveEnrollment): boolean {
  return work !== undefined && cancel.signal.aborted && entry !== undefined && isCancellable(entry.state);
}

export function isStale({ entry }: ActiveEnrollment, now: number): boolean {
  return entry !== undefined && isCancellable(entry.state) && now - entry.startedAt >= UNSENT_LIVES_MS;
}

/** Whether a new order for its account gives it up: begun, never sent, and nobody at work on it. */
export function isSupersededBy({ entry, work }: ActiveEnrollment, plan: Plan): boolean {
  if (work || !entry || !isCancellable(entry.state)) return false;
  const { profile, account } = entry.state.plan;
  return profile === plan.profile && account.id === plan.account.id;
}

/** A request that is signed, may be sent again, or was put off. Before it and after it stands the PIN. */
export function needsNobody({ entry }: ActiveEnrollment): boolean {
  if (entry?.state.name === 'sent') return entry.state.plan.service.resend === 'idempotent';
  return entry?.state.name === 'csr-signed' || entry?.state.name === 'pending';
}
