import type { Handler } from '../../web-bridge/protocol/handlers.ts';
import type { Desktop } from './desktop.ts';
import { whileConnected } from './while-connected.ts';

/** Answers when the pair is gone, and was looked for. */
export function remove({ acts }: Desktop): Handler<'remove'> {
  return async ({ order }, caller) => {
    await whileConnected(caller, (signal) => acts.remove(order, caller.origin, signal));
    return { removed: true };
  };
}
