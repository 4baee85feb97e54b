/**
 * What is done at once, while the page waits: the log-in, and the removal of an old certificate. Neither survives the
 * page: when it goes, the agent's dialog closes, and a new order is needed.
 */
import type { Method, Result } from '../protocol/methods.ts';
import { during } from './endurance.ts';
import { isObstacle, obstacle } from './failure.ts';
import { type ReachOptions, reach } from './reach.ts';

/** A Web eID authentication token: hand it to the bank's server as it is. */
export type LoginToken = Result<'authenticate'>;

async function act<M extends Extract<Method, 'authenticate' | 'remove'>>(
  method: M,
  order: string,
  options: ReachOptions,
): Promise<Result<M>> {
  const client = await reach(options);
  try {
    return await during(client, options.signal, client.call(method, { order }));
  } catch (error) {
    options.signal?.throwIfAborted();
    // Not "it goes on on this computer": the agent closed its dialog with the connection.
    throw isObstacle(error, 'disconnected') ? obstacle('abandoned') : error;
  }
}

/**
 * Logs in with the customer's certificate: resolves with what the bank's server verifies. Rejects with an `InkanError`, or
 * with `signal.reason`. Call it after a click (`readiness`).
 */
export function authenticate(order: string, options: ReachOptions = {}): Promise<LoginToken> {
  return act('authenticate', order, options);
}

/** Takes the certificate that the order names, and its key, from the token. Resolves when they are gone. */
export async function remove(order: string, options: ReachOptions = {}): Promise<void> {
  await act('remove', order, options);
}
