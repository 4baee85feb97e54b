import type { Handler } from '../../web-bridge/protocol/handlers.ts';
import type { Desktop } from './desktop.ts';
import { follow, statusOf } from './watching.ts';

/** Joins an enrollment again after a reload: its state now, its result once it is completed, and progress from here on. */
export function watch(desktop: Desktop): Handler<'watch'> {
  const { enrollments, words } = desktop;
  return async ({ enrollment }, caller) => {
    // First listening, then looking: nothing that happens in between is lost.
    follow(enrollment, caller, desktop);
    const status = statusOf(await enrollments.standing(enrollment, caller), words);
    const result = await enrollments.result(enrollment, caller);
    return result ? { ...status, result } : status;
  };
}
