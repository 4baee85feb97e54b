/** The status of an enrollment as a page gets it, and the `progress` events. */

import { errorDataOf, type Words } from '../../web-bridge/protocol/envelope.ts';
import type { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Caller } from '../../web-bridge/protocol/handlers.ts';
import type { EnrollmentId, EnrollmentStatus } from '../../web-bridge/protocol/methods.ts';
import type { Progress } from '../enrollment/active.ts';
import type { Context } from './context.ts';

export function statusOf(
  { enrollment, state, error }: Progress,
  words: (code: AgentError['code']) => Words,
): EnrollmentStatus {
  return error ? { enrollment, state, error: errorDataOf(error, words) } : { enrollment, state };
}

/** The enrollments that each connection follows. A page that calls `watch` twice gets each event once. */
const followed = new WeakMap<Caller, Set<EnrollmentId>>();

/** Sends a `progress` event at each change, until the connection closes. */
export function follow(enrollment: EnrollmentId, caller: Caller, { enrollments, words }: Context): void {
  const already = followed.get(caller) ?? new Set();
  if (already.has(enrollment)) return;
  const stop = enrollments.listen(enrollment, caller, (progress) =>
    caller.notify('progress', statusOf(progress, words)),
  );
  followed.set(caller, already.add(enrollment));
  caller.onClose(stop);
}
