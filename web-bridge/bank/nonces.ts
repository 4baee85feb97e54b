/** The nonces of browser sessions. A nonce is good for minutes, for one session, and for one answer, be it right or wrong. */
import { createNonce } from './login.ts';

const LIFETIME_MS = 5 * 60_000;
/** A bound, because a stranger can open any number of sessions. */
const MAX_NONCES = 10_000;

export type Nonces = {
  /** A new nonce for this session. An earlier one of the same session is no longer valid. */
  readonly issue: (session: string) => string;
  /** Removes and returns the session's nonce; `undefined` if none was issued, or it has expired, or it was taken before. */
  readonly take: (session: string) => string | undefined;
};

/** Keeps nonces in memory. A bank with several servers needs a shared store, from which a nonce is taken in one atomic step. */
export function createNonces(now: () => number = Date.now, lifetimeMs = LIFETIME_MS): Nonces {
  const issued = new Map<string, { readonly nonce: string; readonly until: number }>();
  const makeRoom = (): void => {
    for (const [session, { until }] of issued) {
      if (issued.size < MAX_NONCES && until > now()) return;
      issued.delete(session);
    }
  };
  return {
    issue(session) {
      issued.delete(session);
      makeRoom();
      const nonce = createNonce();
      issued.set(session, { nonce, until: now() + lifetimeMs });
      return nonce;
    },
    take(session) {
      const found = issued.get(session);
      issued.delete(session);
      return found && found.until > now() ? found.nonce : undefined;
    },
  };
}
