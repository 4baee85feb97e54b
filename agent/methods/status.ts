import type { Handler } from '../../web-bridge/protocol/handlers.ts';
import type { Context } from './context.ts';
import { statusOf } from './watching.ts';
import { whileConnected } from './while-connected.ts';

/** Whether a token of this bank's is there, the origin's own enrollments, and when re-enrollment is open. */
export function status({ enrollments, operations, words }: Context): Handler<'status'> {
  return async (_, caller) => {
    const look = (signal: AbortSignal) => operations.deviceStatus(caller.origin, signal);
    const { tokenPresent, renewal } = await whileConnected(caller, look);
    const list = await enrollments.list(caller);
    return { token: tokenPresent, enrollments: list.map((progress) => statusOf(progress, words)), renewal };
  };
}
