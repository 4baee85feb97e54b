import type { Handler } from '../../web-bridge/protocol/handlers.ts';
import type { Context } from './context.ts';
import { whileConnected } from './while-connected.ts';

/** The log-in ends and its dialog closes when the page disconnects. */
export function authenticate({ operations }: Context): Handler<'authenticate'> {
  return ({ order }, caller) => whileConnected(caller, (signal) => operations.logIn(order, caller.origin, signal));
}
