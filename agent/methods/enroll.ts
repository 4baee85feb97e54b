import type { Handler } from '../../web-bridge/protocol/handlers.ts';
import type { Context } from './context.ts';
import { follow } from './watching.ts';

/** Answers when policy has accepted the order, before a dialog opens. `progress` events follow. */
export function enroll<M extends 'enroll' | 'reenroll'>(method: M, context: Context): Handler<M> {
  return async ({ order }, caller) => {
    const enrollment = await context.enrollments.begin(order, caller.origin, method);
    follow(enrollment, caller, context);
    return { enrollment };
  };
}
