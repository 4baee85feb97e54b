/** The token session of one enrollment: opened when first needed, kept while the work goes on, closed before long waits. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { type OpenSession, openSession } from '../operations/session.ts';
import { retryOnInsertion } from '../operations/token-insertion.ts';
import { purposeOf } from '../policy/plan.ts';
import type { Plan } from '../ports/plan.ts';
import type { Ports } from '../ports/ports.ts';
import type { JournalEntry } from '../ports/records.ts';
import type { PinContext, TokenSession } from '../ports/token.ts';

/** A token host may outlive the making of a key by this much, so that a quick CA needs no second PIN; then it ends. */
const HOST_LIFETIME_MS = 60_000;

export type EnrollmentSession = {
  /** @throws AgentError ERR_TOKEN_*, ERR_MODULE_*, ERR_TOKEN_HOST_* */
  use(purpose: 'enroll' | 'write-back', signal: AbortSignal): Promise<TokenSession>;
  /** The session that is open now, if one is. */
  current(): TokenSession | undefined;
  /** Whether a session was ever opened, by this run or one before: else the token holds nothing of this enrollment's. */
  wasOpened(): boolean;
  /** Ends the session where the coming wait is longer than a host may last. */
  closeBefore(waitMs: number): Promise<void>;
  close(): Promise<void>;
};

/** @param begun this run follows the consent: no run before it can have opened a session */
export function enrollmentSession({ state }: JournalEntry, ports: Ports, begun: boolean): EnrollmentSession {
  let open: (OpenSession & { readonly openedAt: number }) | undefined;
  let opened = !begun;
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
      opened = true;
      return open.session;
    },
    current: () => open?.session,
    wasOpened: () => opened,
    async closeBefore(waitMs) {
      if (open && ports.clock.now() + waitMs - open.openedAt > HOST_LIFETIME_MS) await close();
    },
    close,
  };
}

function pinContext(plan: Plan, purpose: 'enroll' | 'write-back'): PinContext {
  const asked = purpose === 'enroll' ? purposeOf(plan) : purpose;
  return { profile: plan.profile, purpose: asked, bank: plan.bank, help: plan.help, account: plan.account.display };
}
