/** One session with a token: take the token's lock, open, work, close, release the lock. */
import type { Plan } from '../ports/plan.ts';
import type { Ports } from '../ports/ports.ts';
import type { PinContext, TokenIdentity, TokenSession } from '../ports/token.ts';

export type SessionRequest = {
  readonly token: TokenIdentity;
  readonly pin: PinContext;
  /** `undefined` if no bank's profile is involved. */
  readonly deadlines: Plan['deadlines'] | undefined;
};

export type OpenSession = {
  readonly session: TokenSession;
  /** Ends the token host, then releases the token's lock. */
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

/** Opens a session, works, and closes it. @throws as {@link openSession} and `work` */
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
