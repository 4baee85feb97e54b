import type { Handler } from '../../web-bridge/protocol/handlers.ts';
import type { Context } from './context.ts';
import { statusOf } from './watching.ts';

/** Until the request is sent; later it is refused in words. */
export function cancel({ enrollments, words }: Context): Handler<'cancel'> {
  return async ({ enrollment }, caller) => statusOf(await enrollments.cancel(enrollment, caller), words);
}
