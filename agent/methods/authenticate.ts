import type { Handler } from '../../web-bridge/protocol/handlers.ts';
import type { Context } from './context.ts';
import { whileConnected } from './while-connected.ts';

/** A log-in is worth nothing to a page that has gone: its dialog closes with the connection. */
export function authenticate({ operations }: Context): Handler<'authenticate'> {
  return ({ order }, caller) => whileConnected(caller, (signal) => operations.logIn(order, caller.origin, signal));
}
