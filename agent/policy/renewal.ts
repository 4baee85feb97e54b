/** The bank's renewal window (in its profile, never in code): too early, now, expired but allowed, too late. */
import type { Profile } from '../../native-config/schema.ts';
import type { RenewalPhase, RenewalStanding } from '../../web-bridge/protocol/methods.ts';

const DAY_MS = 24 * 3_600_000;

/** Both ends belong to the window, and the moment of expiry to the time before it (RFC 5280 §4.1.2.5). */
export function renewalOf(notAfter: Date, renewal: Profile['renewal'], now: number): RenewalStanding {
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
