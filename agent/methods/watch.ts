import type { Handler } from '../../web-bridge/protocol/handlers.ts';
import type { Context } from './context.ts';
import { follow, statusOf } from './watching.ts';

/** Follows an enrollment after a reload of the page. Answers its state, and its result if completed; `progress` events follow. */
export function watch(context: Context): Handler<'watch'> {
  const { enrollments, words } = context;
  return async ({ enrollment }, caller) => {
    // Listen first and read the state afterwards, so that no change in between is lost.
    follow(enrollment, caller, context);
    const status = statusOf(await enrollments.progress(enrollment, caller), words);
    const result = await enrollments.result(enrollment, caller);
    return result ? { ...status, result } : status;
  };
}
