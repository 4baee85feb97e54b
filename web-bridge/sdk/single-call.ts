/**
 * The log-in, and the removal of an old certificate. Each is one call, and the page waits for its answer. If the page goes
 * away, the agent closes its dialog, and a new order is needed.
 */
import type { Method, Result } from '../protocol/methods.ts';
import { isObstacle, obstacle } from './failure.ts';
import { type ReachOptions, reach } from './reach.ts';
import { keepAlive } from './reconnect.ts';

/** A Web eID authentication token: hand it to the bank's server as it is. */
export type LoginToken = Result<'authenticate'>;

async function callOnce<M extends Extract<Method, 'authenticate' | 'remove'>>(
  method: M,
  order: string,
  options: ReachOptions,
): Promise<Result<M>> {
  const client = await reach(options);
  try {
    return await keepAlive(client, options.signal, client.call(method, { order }));
  } catch (error) {
    options.signal?.throwIfAborted();
    // The agent closed its dialog when the connection ended, so nothing goes on. Therefore `abandoned`, not `disconnected`.
    throw isObstacle(error, 'disconnected') ? obstacle('abandoned') : error;
  }
}

/**
 * Logs in with the customer's certificate. Resolves with a token that the bank's server verifies. Rejects with an
 * `InkanError`, or with `signal.reason`. Call it after a click (`readiness`).
 */
export function authenticate(order: string, options: ReachOptions = {}): Promise<LoginToken> {
  return callOnce('authenticate', order, options);
}

/** Takes the certificate that the order names, and its key, from the token. Resolves when they are gone. */
export async function remove(order: string, options: ReachOptions = {}): Promise<void> {
  await callOnce('remove', order, options);
}
