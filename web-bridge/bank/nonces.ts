/** The nonces that browser sessions were given: each lives minutes, serves one session once, and goes whatever comes of it. */
import { createNonce } from './login.ts';

const LIFETIME_MS = 5 * 60_000;
/** A stranger can open sessions at will. */
const MAX_NONCES = 10_000;

export type Nonces = {
  /** A new nonce for this session; one that it had before is worth nothing any more. */
  readonly issue: (session: string) => string;
  /** The session's nonce, for the one answer it is good for; `undefined`: none was issued, it is old, or it was taken. */
  readonly take: (session: string) => string | undefined;
};

/** In memory: a bank with several servers keeps them where all of them look, and takes them there in one step. */
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
