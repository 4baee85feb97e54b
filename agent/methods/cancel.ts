import type { Handler } from '../../web-bridge/protocol/handlers.ts';
import type { Context } from './context.ts';
import { statusOf } from './watching.ts';

/** Cancels an enrollment until its request is sent. Afterwards the answer is ERR_BRIDGE_TOO_LATE_TO_CANCEL. */
export function cancel({ enrollments, words }: Context): Handler<'cancel'> {
  return async ({ enrollment }, caller) => statusOf(await enrollments.cancel(enrollment, caller), words);
}
