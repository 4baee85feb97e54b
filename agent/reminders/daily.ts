/**
 * Reminders by notification, at the start and daily: of issued certificates that wait for the PIN, and of certificates that are to
 * be renewed.
 */
import type { Profile } from '../../native-config/schema.ts';
import { asAgentError } from '../../web-bridge/protocol/errors.ts';
import type { Plan } from '../ports/plan.ts';
import type { Ports } from '../ports/ports.ts';
import { remindOfRenewals } from './renewals.ts';

const DAY_MS = 24 * 3_600_000;
/** Timers stop while a machine sleeps. So the clock is read this often, to see that a day is over. */
const LOOK_AT_CLOCK_MS = 10 * 60_000;

type ReminderPorts = Pick<Ports, 'journal' | 'reminderBook' | 'clock' | 'notify' | 'report'>;

/** Resolves when `signal` is aborted. @param waiting the plans of certificates that wait for the PIN */
export async function remindDaily(
  waiting: () => Promise<readonly Plan[]>,
  profiles: () => Promise<readonly Profile[]>,
  ports: ReminderPorts,
  signal: AbortSignal,
): Promise<void> {
  const { clock, notify, report } = ports;
  while (!signal.aborted) {
    try {
      for (const { bank, account } of await waiting()) notify({ about: 'write-back', bank, account });
    } catch (error) {
      report('reminders: the enrollments that wait cannot be read', { code: asAgentError(error).code });
    }
    try {
      await remindOfRenewals(await profiles(), ports);
    } catch (error) {
      report('reminders: the renewals cannot be read', { code: asAgentError(error).code });
    }
    const next = clock.now() + DAY_MS;
    // An aborted sleep rejects; the loop's condition then ends it.
    while (clock.now() < next && !signal.aborted) await clock.sleep(LOOK_AT_CLOCK_MS, signal).catch(() => {});
  }
}
