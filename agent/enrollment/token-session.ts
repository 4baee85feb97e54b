/** The token session of one enrollment. It is opened when a step needs it, and closed at the end or before a long wait. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { type OpenSession, openSession } from '../operations/session.ts';
import { retryOnInsertion } from '../operations/token-insertion.ts';
import { purposeOf } from '../policy/plan.ts';
import type { Plan } from '../ports/plan.ts';
import type { Ports } from '../ports/ports.ts';
import type { JournalEntry } from '../ports/records.ts';
import type { PinContext, TokenSession } from '../ports/token.ts';

/** A token host may last this long, so that no second PIN is needed if the CA answers quickly. Then it is ended. */
const HOST_LIFETIME_MS = 60_000;

export type EnrollmentSession = {
  /** @throws AgentError ERR_TOKEN_*, ERR_MODULE_*, ERR_TOKEN_HOST_* */
  use(purpose: 'enroll' | 'write-back', signal: AbortSignal): Promise<TokenSession>;
  /** The session that is open now, if one is. */
  current(): TokenSession | undefined;
  /** Whether this run or an earlier one has opened a session. If not, the token has no key of this enrollment. */
  wasOpened(): boolean;
  /** Closes the session if a wait of `waitMs` would be longer than a host may last. */
  closeBefore(waitMs: number): Promise<void>;
  close(): Promise<void>;
};

/** @param begun whether this run follows the consent directly, so that no earlier run can have opened a session */
export function enrollmentSession({ state }: JournalEntry, ports: Ports, begun: boolean): EnrollmentSession {
  let open: (OpenSession & { readonly openedAt: number }) | undefined;
  let everOpened = !begun;
  const token = 'token' in state ? state.token : undefined;

  async function close(): Promise<void> {
    const closing = open;
    open = undefined;
    await closing?.close();
  }

  return {
    async use(purpose, signal) {
      if (open && ports.clock.now() - open.openedAt > HOST_LIFETIME_MS && purpose === 'write-back') await close();
      if (open) return open.session;
      if (!token) throw new AgentError('ERR_INTERNAL_FAILED', { state: state.name });
      const { plan } = state;
      const request = { token, pin: pinContext(plan, purpose), deadlines: plan.deadlines };
      const start = () => openSession(request, ports, signal);
      open = { ...(await retryOnInsertion(plan, ports, signal, start, token)), openedAt: ports.clock.now() };
      everOpened = true;
      return open.session;
    },
    current: () => open?.session,
    wasOpened: () => everOpened,
    async closeBefore(waitMs) {
      if (open && ports.clock.now() + waitMs - open.openedAt > HOST_LIFETIME_MS) await close();
    },
    close,
  };
}

function pinContext(plan: Plan, purpose: 'enroll' | 'write-back'): PinContext {
  const shown = purpose === 'enroll' ? purposeOf(plan) : purpose;
  return { profile: plan.profile, purpose: shown, bank: plan.bank, help: plan.help, account: plan.account.display };
}
