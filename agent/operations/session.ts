/** A token in use: its lock is taken, a session opened, the work done, the session closed, the lock let go. */
import type { Plan } from '../ports/plan.ts';
import type { Ports } from '../ports/ports.ts';
import type { PinContext, TokenIdentity, TokenSession } from '../ports/token.ts';

export type SessionRequest = {
  readonly token: TokenIdentity;
  readonly pin: PinContext;
  /** Absent where no bank's profile stands behind the work. */
  readonly deadlines: Plan['deadlines'] | undefined;
};

export type OpenSession = {
  readonly session: TokenSession;
  /** Ends the token host, and lets go of the token then. */
  readonly close: () => Promise<void>;
};

/** @throws AgentError ERR_TOKEN_BUSY, ERR_TOKEN_MISSING, ERR_MODULE_*, ERR_TOKEN_HOST_* */
export async function openSession(
  { token, pin, deadlines }: SessionRequest,
  { locks, tokens }: Pick<Ports, 'locks' | 'tokens'>,
  signal: AbortSignal,
): Promise<OpenSession> {
  const unlock = await locks.holdToken(token, signal);
  try {
    const session = await tokens.open(token, pin, deadlines, signal);
    const close = async (): Promise<void> => {
      try {
        await session.close();
      } finally {
        await unlock();
      }
    };
    return { session, close };
  } catch (error) {
    await unlock();
    throw error;
  }
}

/** As {@link openSession}, for work that ends with the session. */
export async function withSession<T>(
  request: SessionRequest,
  ports: Pick<Ports, 'locks' | 'tokens'>,
  signal: AbortSignal,
  work: (session: TokenSession) => Promise<T>,
): Promise<T> {
  const { session, close } = await openSession(request, ports, signal);
  try {
    return await work(session);
  } finally {
    await close();
  }
}
