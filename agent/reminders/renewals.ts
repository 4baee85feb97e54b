/**
 * Certificates whose renewal window is open, and whom to remind of them. All is known without a token: an enrollment that
 * was completed holds its certificate, and the bank's profile, as it is now, the window.
 */
import type { Profile } from '../../native-config/schema.ts';
import { customerCertificates } from '../policy/customer-certificates.ts';
import { isReminderDue, renewalOf } from '../policy/renewal.ts';
import type { Ports } from '../ports/ports.ts';
import type { JournalEntry, ReminderBook } from '../ports/records.ts';
import type { StateOf } from '../ports/state.ts';
import { isIssued, isOpen } from '../records/states.ts';

type Completed = StateOf<'completed'>;

/** After this time without a step an enrollment is nobody's work any more. */
const RESTS_AFTER_MS = 24 * 3_600_000;
const ABOUT = { open: 'renew', 'expired-allowed': 'reacquire' } as const;

/** Tells of each certificate at most once a week. A profile that was removed reminds of nothing. */
export async function remindOfRenewals(
  profiles: readonly Profile[],
  ports: Pick<Ports, 'journal' | 'reminderBook' | 'clock' | 'notify'>,
): Promise<void> {
  const entries = await ports.journal.list();
  await ports.reminderBook.keepOnly(entries.flatMap(({ state }) => completed(state)).map((one) => one.certificate));
  for (const ofAccount of byAccount(entries).values()) {
    if (ofAccount.some((entry) => isUnderWay(entry, ports.clock.now()))) continue;
    const newest = await newestOf(ofAccount, ports.reminderBook);
    const profile = profiles.find(({ id }) => id === newest?.plan.profile);
    if (newest && profile) await remind(newest, profile, ports);
  }
}

/** Written down before it is said: an agent that is started again and again does not nag. */
async function remind(
  state: Completed,
  profile: Profile,
  { reminderBook, clock, notify }: Pick<Ports, 'reminderBook' | 'clock' | 'notify'>,
): Promise<void> {
  const now = clock.now();
  const status = renewalStatusOf(state, profile, now);
  if (!status || !isReminderDue(status.phase, await reminderBook.last(state.certificate), now)) return;
  await reminderBook.write(state.certificate, { about: status.phase, at: now });
  const dates = { expires: new Date(status.expiresAt), closes: new Date(status.closesAt) };
  notify({ about: ABOUT[status.phase], bank: profile.names, account: state.plan.account, ...dates });
}

/** As the bank's page is told it: a certificate that the profile's issuers do not vouch for cannot be renewed there. */
function renewalStatusOf(
  { certificate, chain }: Completed,
  { issuers, renewal }: Profile,
  now: number,
): ReturnType<typeof renewalOf> | undefined {
  const stored = [certificate, ...chain].map((one) => ({ certificate: one }));
  const own = customerCertificates(stored, issuers, now).find((one) => one.certificate === certificate);
  return own && renewalOf(own.parsed.notAfter, renewal, now);
}

/** What was completed last replaces what was before, unless it was removed from the token since. */
async function newestOf(entries: readonly JournalEntry[], book: ReminderBook): Promise<Completed | undefined> {
  const latestFirst = entries.toSorted((one, other) => other.updatedAt - one.updatedAt);
  for (const state of latestFirst.flatMap((entry) => completed(entry.state)))
    if ((await book.last(state.certificate))?.about !== 'removed') return state;
  return undefined;
}

/**
 * Whoever is at it needs no reminder, and one whose certificate waits is told of that. What was broken off before goes on
 * by itself no more: its order has long expired.
 */
function isUnderWay({ state, updatedAt }: JournalEntry, now: number): boolean {
  if (!isOpen(state)) return false;
  return state.name === 'pending' || isIssued(state) || Math.abs(now - updatedAt) < RESTS_AFTER_MS;
}

function byAccount(entries: readonly JournalEntry[]): Map<string, JournalEntry[]> {
  const accounts = new Map<string, JournalEntry[]>();
  for (const entry of entries) {
    const { profile, account } = entry.state.plan;
    const key = JSON.stringify([profile, account.id]);
    accounts.set(key, [...(accounts.get(key) ?? []), entry]);
  }
  return accounts;
}

function completed(state: JournalEntry['state']): Completed[] {
  return state.name === 'completed' ? [state] : [];
}
