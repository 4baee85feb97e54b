import type { Handler } from '../../web-bridge/protocol/handlers.ts';
import type { Desktop } from './desktop.ts';
import { statusOf } from './watching.ts';

/** Whether a token of this bank's is there, the origin's own enrollments, and when re-enrollment is open. */
export function status({ enrollments, words }: Desktop): Handler<'status'> {
  return async (_, caller) => {
    const { tokenPresent, renewal } = await enrollments.surroundings(caller.origin);
    const standings = await enrollments.list(caller);
    return { token: tokenPresent, enrollments: standings.map((standing) => statusOf(standing, words)), renewal };
  };
}
