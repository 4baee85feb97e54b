/**
 * Reminders of certificates whose renewal window is open. They need no token: the journal has the certificate of each completed
 * enrollment, and the bank's present profile has the window.
 */
import type { Profile } from '../../native-config/schema.ts';
import { customerCertificates } from '../policy/customer-certificates.ts';
import { isReminderDue, renewalOf } from '../policy/renewal.ts';
import type { Ports } from '../ports/ports.ts';
import type { JournalEntry, ReminderBook } from '../ports/records.ts';
import type { StateOf } from '../ports/state.ts';
import { isIssued, isOpen } from '../records/states.ts';

type Completed = StateOf<'completed'>;

/** An enrollment without a step for this time counts as left by the customer. */
const IDLE_AFTER_MS = 24 * 3_600_000;
const ABOUT = { open: 'renew', 'expired-allowed': 'reacquire' } as const;

/** Reminds of each certificate at most once a week. Without the bank's profile there is no reminder. */
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

/** The reminder is recorded before it is shown. So an agent that starts often does not repeat it. */
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

/** The status as the bank's page gets it. `undefined`: the profile's issuers did not issue the certificate. */
function renewalStatusOf(
  { certificate, chain }: Completed,
  { issuers, renewal }: Profile,
  now: number,
): ReturnType<typeof renewalOf> | undefined {
  const stored = [certificate, ...chain].map((one) => ({ certificate: one }));
  const own = customerCertificates(stored, issuers, now).find((one) => one.certificate === certificate);
  return own && renewalOf(own.parsed.notAfter, renewal, now);
}

/** The certificate that was completed last and not removed from the token since. It replaces the older ones. */
async function newestOf(entries: readonly JournalEntry[], book: ReminderBook): Promise<Completed | undefined> {
  const latestFirst = entries.toSorted((one, other) => other.updatedAt - one.updatedAt);
  for (const state of latestFirst.flatMap((entry) => completed(entry.state)))
    if ((await book.last(state.certificate))?.about !== 'removed') return state;
  return undefined;
}

/**
 * Whether an open enrollment makes a reminder unnecessary: the customer is working on it, the CA has its request, or its
 * certificate waits for the PIN (another reminder says so). Any other without a step for a day does not count: its order has
 * expired.
 */
function isUnderWay({ state, updatedAt }: JournalEntry, now: number): boolean {
  if (!isOpen(state)) return false;
  return state.name === 'pending' || isIssued(state) || Math.abs(now - updatedAt) < IDLE_AFTER_MS;
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
