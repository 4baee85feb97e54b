import type { Handler } from '../../web-bridge/protocol/handlers.ts';
import type { Desktop } from './index.ts';
import { follow, statusOf } from './watching.ts';

/** Joins an enrollment again after a reload: its state now, its result once it is completed, and progress from here on. */
export function watch(desktop: Desktop): Handler<'watch'> {
  const { enrollments, words } = desktop;
  return async ({ enrollment }, caller) => {
    const status = statusOf(await enrollments.standing(enrollment, caller), words);
    follow(enrollment, caller, desktop);
    const result = await enrollments.result(enrollment, caller);
    return result ? { ...status, result } : status;
  };
}
