import type { Handler } from '../../web-bridge/protocol/handlers.ts';
import type { Desktop } from './desktop.ts';
import { follow } from './watching.ts';

/** Answers as soon as policy accepts the order, before any dialog; how it goes on is told as progress. */
export function enroll<M extends 'enroll' | 'reenroll'>(method: M, desktop: Desktop): Handler<M> {
  return async ({ order }, caller) => {
    const enrollment = await desktop.enrollments.begin(order, caller.origin, method);
    follow(enrollment, caller, desktop);
    return { enrollment };
  };
}
