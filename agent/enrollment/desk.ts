/** The token session of one enrollment: opened when first needed, kept while the work goes on, closed before long waits. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { purposeOf } from '../policy/plan.ts';
import { onceInserted } from './insertion.ts';
import type { JournalEntry, PinContext, Ports, TokenIdentity, TokenSession } from './ports.ts';

/** A token host may outlive the making of a key by this much, so that a quick CA needs no second PIN; then it ends. */
const HOST_LIVES_MS = 60_000;

export type Desk = {
  /** @throws AgentError ERR_TOKEN_*, ERR_MODULE_*, ERR_TOKEN_HOST_* */
  session(purpose: 'enroll' | 'write-back', signal: AbortSignal): Promise<TokenSession>;
  /** The session that is open now, if one is. */
  openSession(): TokenSession | undefined;
  /** Whether a session was ever opened, by this run or one before: else the token holds nothing of this enrollment's. */
  wasOpened(): boolean;
  /** Ends the session where the coming wait is longer than a host may live. */
  restFor(waitMs: number): Promise<void>;
  close(): Promise<void>;
};

type Open = { readonly session: TokenSession; readonly unlock: () => Promise<void>; readonly openedAt: number };

export function openDesk({ state }: JournalEntry, ports: Ports, begun: boolean): Desk {
  let open: Open | undefined;
  let opened = !begun;
  const token = 'token' in state ? state.token : undefined;

  async function close(): Promise<void> {
    const closing = open;
    open = undefined;
    await closing?.session.close();
    await closing?.unlock();
  }

  return {
    async session(purpose, signal) {
      if (open && ports.clock.now() - open.openedAt > HOST_LIVES_MS && purpose === 'write-back') await close();
      if (open) return open.session;
      if (!token) throw new AgentError('ERR_INTERNAL_FAILED', { state: state.name });
      const pin = pinContext(state.plan, purpose);
      const start = () => openSession(token, pin, state.plan.deadlines, ports, signal);
      open = await onceInserted(state.plan, ports, signal, start, token);
      opened = true;
      return open.session;
    },
    openSession: () => open?.session,
    wasOpened: () => opened,
    async restFor(waitMs) {
      if (open && ports.clock.now() + waitMs - open.openedAt > HOST_LIVES_MS) await close();
    },
    close,
  };
}

async function openSession(
  token: TokenIdentity,
  pin: PinContext,
  deadlines: JournalEntry['state']['plan']['deadlines'],
  ports: Ports,
  signal: AbortSignal,
): Promise<Open> {
  const unlock = await ports.locks.holdToken(token, signal);
  try {
    const session = await ports.tokens.open(token, pin, deadlines, signal);
    return { session, unlock, openedAt: ports.clock.now() };
  } catch (error) {
    await unlock();
    throw error;
  }
}

function pinContext(plan: JournalEntry['state']['plan'], purpose: 'enroll' | 'write-back'): PinContext {
  const asked = purpose === 'enroll' ? purposeOf(plan) : purpose;
  return { profile: plan.profile, purpose: asked, bank: plan.bank, help: plan.help, account: plan.account.display };
}
