/** Where the token is not there: the human is asked to plug it in, and the work goes on by itself once it is. */

import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { InsertRequest } from '../ports/human.ts';
import type { Ports } from '../ports/ports.ts';
import type { TokenIdentity, TokenWatch } from '../ports/token.ts';

/** What another token in the reader can mend. */
const REASONS: Readonly<Record<string, InsertRequest['reason']>> = {
  ERR_TOKEN_MISSING: 'none',
  ERR_TOKEN_NOT_ACCEPTED: 'not-accepted',
  ERR_TOKEN_CERTIFICATE_MISSING: 'certificate-elsewhere',
};

/**
 * Does the work, and again after each change of what is plugged in, until it fails by something else.
 * @param again the token that the work began with, where it did
 * @throws AgentError what the work failed by last, also where the human gave up: that is what is to be mended
 */
export async function retryOnInsertion<T>(
  plan: InsertRequest['plan'],
  ports: Ports,
  signal: AbortSignal,
  work: () => Promise<T>,
  again?: TokenIdentity,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason = reasonOf(error);
    if (!reason) throw error;
    const request = { plan, ...(again ? { reason: 'again' as const, token: again } : { reason }) };
    return await waitAndWork(request, ports, signal, work);
  }
}

function reasonOf(error: unknown): InsertRequest['reason'] | undefined {
  return error instanceof AgentError && Object.hasOwn(REASONS, error.code) ? REASONS[error.code] : undefined;
}

async function waitAndWork<T>(
  request: InsertRequest,
  ports: Ports,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const until = AbortSignal.any([signal, done.signal]);
  // The dialog stands while we look; it is closed by `done`, or the human ends the waiting by it.
  const givenUp = ports.human.insertToken(request, until).catch(() => 'given up' as const);
  const watch = await ports.tokens.watch(until, request.plan.deadlines);
  try {
    for (;;) {
      const outcome = await attempt(work);
      if ('result' in outcome) return outcome.result;
      const ended = await Promise.race([givenUp, changed(watch)]);
      signal.throwIfAborted();
      if (ended === 'given up') throw outcome.error;
    }
  } finally {
    done.abort();
    await watch.close();
  }
}

/** Also where the watching itself fails: then the next attempt tells. */
function changed(watch: TokenWatch): Promise<void> {
  return watch.changed().catch(() => undefined);
}

async function attempt<T>(work: () => Promise<T>): Promise<{ readonly result: T } | { readonly error: unknown }> {
  try {
    return { result: await work() };
  } catch (error) {
    if (!reasonOf(error)) throw error;
    return { error };
  }
}
