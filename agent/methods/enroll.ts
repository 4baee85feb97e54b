import type { Handler } from '../../web-bridge/protocol/handlers.ts';
import type { Context } from './context.ts';
import { follow } from './watching.ts';

/** Answers as soon as policy accepts the order, before any dialog; how it goes on is told as progress. */
export function enroll<M extends 'enroll' | 'reenroll'>(method: M, context: Context): Handler<M> {
  return async ({ order }, caller) => {
    const enrollment = await context.enrollments.begin(order, caller.origin, method);
    follow(enrollment, caller, context);
    return { enrollment };
  };
}
