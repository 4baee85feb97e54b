import type { Handler } from '../../web-bridge/protocol/handlers.ts';
import type { Desktop } from './desktop.ts';
import { whileConnected } from './while-connected.ts';

/** A log-in is worth nothing to a page that has gone: its dialog closes with the connection. */
export function authenticate({ acts }: Desktop): Handler<'authenticate'> {
  return ({ order }, caller) => whileConnected(caller, (signal) => acts.authenticate(order, caller.origin, signal));
}
