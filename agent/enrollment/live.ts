/** An enrollment as this process holds it, and what may be told of it to whom. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { EnrollmentId, StateName } from '../../web-bridge/protocol/methods.ts';
import type { VerifiedOrder } from '../policy/order.ts';
import type { AttentionHeld, JournalEntry, Ports } from './ports.ts';
import { isOpen } from './state.ts';

/** What a page, or the person at the CLI, may be told of an enrollment. */
export type Standing = {
  readonly enrollment: EnrollmentId;
  readonly state: StateName;
  /** Why it failed; or, beside a state that is not final, why it waits. */
  readonly error?: AgentError;
};

/** Who asks: a page sees the enrollments of its own origin only; the person at this machine sees all. */
export type Viewer = { readonly origin: string } | 'owner';

export type Listener = (standing: Standing) => void;

export type Live = {
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

export function newLive(enrollment: EnrollmentId, order: Live['order'], origin: string): Live {
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

export function isVisible(live: Live, viewer: Viewer): boolean {
  return viewer === 'owner' || live.origin === viewer.origin;
}

/** Before consent there is no journal: an enrollment that the human refused, or that found no token, has simply failed. */
export function standingOf({ enrollment, entry, error }: Live): Standing {
  const state = entry?.state;
  if (!state) return error ? { enrollment, state: endedAs(error), error } : { enrollment, state: 'accepted' };
  if (state.name === 'failed') return { enrollment, state: 'failed', error: new AgentError(state.code, state.details) };
  return error && isOpen(state) ? { enrollment, state: state.name, error } : { enrollment, state: state.name };
}

function endedAs({ code }: AgentError): StateName {
  return code === 'ERR_USER_CANCELLED' ? 'abandoned' : 'failed';
}
