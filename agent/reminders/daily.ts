/**
 * What asks nobody by itself: certificates that wait for the PIN, and those that are to be renewed. At the start, and daily,
 * the person is told of them.
 */
import type { Profile } from '../../native-config/schema.ts';
import { asAgentError } from '../../web-bridge/protocol/errors.ts';
import type { Plan } from '../ports/plan.ts';
import type { Ports } from '../ports/ports.ts';
import { remindOfRenewals } from './renewals.ts';

const DAY_MS = 24 * 3_600_000;
/** Timers stand still while a machine sleeps: a day is over when the clock says so. */
const LOOK_AT_CLOCK_MS = 10 * 60_000;

type Needed = Pick<Ports, 'journal' | 'reminderBook' | 'clock' | 'notify' | 'report'>;

/** Ends when `signal` is aborted. */
export async function remindDaily(
  waiting: () => Promise<readonly Plan[]>,
  profiles: () => Promise<readonly Profile[]>,
  ports: Needed,
  signal: AbortSignal,
): Promise<void> {
  const { clock, notify, report } = ports;
  while (!signal.aborted) {
    try {
      for (const { bank, account } of await waiting()) notify({ about: 'write-back', bank, account });
    } catch (error) {
      report('reminders: what waits cannot be read', { code: asAgentError(error).code });
    }
    try {
      await remindOfRenewals(await profiles(), ports);
    } catch (error) {
      report('reminders: what is to be renewed cannot be read', { code: asAgentError(error).code });
    }
    const next = clock.now() + DAY_MS;
    // The signal's reason only ends the loop.
    while (clock.now() < next && !signal.aborted) await clock.sleep(LOOK_AT_CLOCK_MS, signal).catch(() => {});
  }
}
