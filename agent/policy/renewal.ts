/** The bank's renewal window (in its profile, never in code): too early, now, expired but allowed, too late. */

import type { Profile } from '../../native-config/schema.ts';
import type { RenewalPhase, RenewalStatus } from '../../web-bridge/protocol/methods.ts';
import type { RemindedPhase } from '../ports/records.ts';

const DAY_MS = 24 * 3_600_000;
/** A week, to the half day: a machine is not started at the same minute each Monday. */
const WEEKLY_MS = 6.5 * DAY_MS;

/** Both ends belong to the window, and the moment of expiry to the time before it (RFC 5280 §4.1.2.5). */
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
 * On the window's first day, on the first after expiry, and weekly. A reminder that seems to come from the future was given
 * by a clock that was wrong: it silences for a week around it, and not until its day has come.
 */
export function isReminderDue(
  phase: RenewalPhase,
  last: { readonly about: string; readonly at: number } | undefined,
  now: number,
): phase is RemindedPhase {
  if (phase !== 'open' && phase !== 'expired-allowed') return false;
  return last?.about !== phase || Math.abs(now - last.at) >= WEEKLY_MS;
}
