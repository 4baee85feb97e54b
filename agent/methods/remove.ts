import type { Handler } from '../../web-bridge/protocol/handlers.ts';
import type { Context } from './context.ts';
import { whileConnected } from './while-connected.ts';

/** Answers when the certificate and its key pair are destroyed, and a restarted module no longer shows them. */
export function remove({ operations }: Context): Handler<'remove'> {
  return async ({ order }, caller) => {
    await whileConnected(caller, (signal) => operations.remove(order, caller.origin, signal));
    return { removed: true };
  };
}
