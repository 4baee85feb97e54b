/** The renewal window of a certificate. Its length comes from the bank's profile. */

import type { Profile } from '../../native-config/schema.ts';
import type { RenewalPhase, RenewalStatus } from '../../web-bridge/protocol/methods.ts';
import type { RemindedPhase } from '../ports/records.ts';

const DAY_MS = 24 * 3_600_000;
/** A week less half a day, because nobody starts a machine at the same minute each week. */
const WEEKLY_MS = 6.5 * DAY_MS;

/**
 * The phase of the window at `now` (milliseconds since 1970). Both ends belong to the window. At the moment of notAfter the
 * certificate is still valid (RFC 5280 §4.1.2.5).
 */
export function renewalOf(notAfter: Date, renewal: Profile['renewal'], now: number): RenewalStatus {
  const expires = notAfter.getTime();
  const opens = expires - renewal.opensDaysBefore * DAY_MS;
  const closes = expires + renewal.closesDaysAfter * DAY_MS;
  const phase: RenewalPhase =
    now < opens ? 'too-early' : now <= expires ? 'open' : now <= closes ? 'expired-allowed' : 'too-late';
  const [opensAt, expiresAt, closesAt] = [opens, expires, closes].map((at) => new Date(at).toISOString()) as [
    string,
    string,
    string,
  ];
  return { phase, opensAt, expiresAt, closesAt };
}

/**
 * Whether to remind now: when the window opens, at expiry, and weekly between. A last reminder that lies in the future was
 * recorded while the clock was wrong. It counts if it is less than a week away, and not otherwise, so that a wrong clock does not
 * silence reminders for long.
 * @param last the last reminder; `at` and `now` in milliseconds since 1970
 */
export function isReminderDue(
  phase: RenewalPhase,
  last: { readonly about: string; readonly at: number } | undefined,
  now: number,
): phase is RemindedPhase {
  if (phase !== 'open' && phase !== 'expired-allowed') return false;
  return last?.about !== phase || Math.abs(now - last.at) >= WEEKLY_MS;
}
