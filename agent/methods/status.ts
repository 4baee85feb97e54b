import type { Handler } from '../../web-bridge/protocol/handlers.ts';
import type { Context } from './context.ts';
import { statusOf } from './watching.ts';
import { whileConnected } from './while-connected.ts';

/** Answers whether a token that the bank accepts is present, this origin's enrollments, and when certificates may be renewed. */
export function status({ enrollments, operations, words }: Context): Handler<'status'> {
  return async (_, caller) => {
    const find = (signal: AbortSignal) => operations.deviceStatus(caller.origin, signal);
    const { tokenPresent, renewal } = await whileConnected(caller, find);
    const list = await enrollments.list(caller);
    return { token: tokenPresent, enrollments: list.map((progress) => statusOf(progress, words)), renewal };
  };
}
