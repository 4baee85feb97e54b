/** How an enrollment is told to a page: by the names of its states, and errors with their words. */

import { errorDataOf, type Words } from '../../web-bridge/protocol/envelope.ts';
import type { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Caller } from '../../web-bridge/protocol/handlers.ts';
import type { EnrollmentId, EnrollmentStatus } from '../../web-bridge/protocol/methods.ts';
import type { Standing } from '../enrollment/enrollments.ts';
import type { Desktop } from './desktop.ts';

export function statusOf(
  { enrollment, state, error }: Standing,
  words: (code: AgentError['code']) => Words,
): EnrollmentStatus {
  return error ? { enrollment, state, error: errorDataOf(error, words) } : { enrollment, state };
}

/** What each connection follows: a page that asks again and again is told once of each change. */
const followed = new WeakMap<Caller, Set<EnrollmentId>>();

/** Tells this connection of each change until it closes. */
export function follow(enrollment: EnrollmentId, caller: Caller, { enrollments, words }: Desktop): void {
  const already = followed.get(caller) ?? new Set();
  if (already.has(enrollment)) return;
  const stop = enrollments.listen(enrollment, caller, (standing) =>
    caller.notify('progress', statusOf(standing, words)),
  );
  followed.set(caller, already.add(enrollment));
  caller.onClose(stop);
}
