/** Asks the human to plug in the right token if it is missing. The work goes on by itself when the token is there. */

import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { InsertRequest } from '../ports/human.ts';
import type { Ports } from '../ports/ports.ts';
import type { TokenIdentity, TokenWatch } from '../ports/token.ts';

/** The errors after which the human can help by plugging in another token, and what the dialog says. */
const REASONS: Readonly<Record<string, InsertRequest['reason']>> = {
  ERR_TOKEN_MISSING: 'none',
  ERR_TOKEN_NOT_ACCEPTED: 'not-accepted',
  ERR_TOKEN_CERTIFICATE_MISSING: 'certificate-elsewhere',
};

/**
 * Does the work. While it fails with one of the errors above, asks for the token, and tries again after each insertion or removal.
 * @param startedWith the token that is needed again, if the work began with one
 * @throws AgentError the last error of the work, also if the human gives up, because it says what is missing
 */
export async function retryOnInsertion<T>(
  plan: InsertRequest['plan'],
  ports: Ports,
  signal: AbortSignal,
  work: () => Promise<T>,
  startedWith?: TokenIdentity,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason = reasonOf(error);
    if (!reason) throw error;
    const request = { plan, ...(startedWith ? { reason: 'again' as const, token: startedWith } : { reason }) };
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
  // The dialog stays open meanwhile. `done` closes it, or the human closes it to give up.
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

/** Resolves too if watching fails: the next attempt then reports the error. */
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
