import type { Handler } from '../../web-bridge/protocol/handlers.ts';
import type { Context } from './context.ts';
import { follow, statusOf } from './watching.ts';

/** Joins an enrollment again after a reload: its state now, its result once it is completed, and progress from here on. */
export function watch(context: Context): Handler<'watch'> {
  const { enrollments, words } = context;
  return async ({ enrollment }, caller) => {
    // First listening, then looking: nothing that happens in between is lost.
    follow(enrollment, caller, context);
    const status = statusOf(await enrollments.progress(enrollment, caller), words);
    const result = await enrollments.result(enrollment, caller);
    return result ? { ...status, result } : status;
  };
}
