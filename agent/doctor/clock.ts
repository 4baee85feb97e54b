import type { Profile } from '../../native-config/schema.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { ORDER_CLOCK_SKEW_S } from '../../web-bridge/protocol/order.ts';
import { connectCa } from '../ca/index.ts';
import type { Check, CheckResult } from './finding.ts';
import { profilesIn } from './profiles.ts';

const CA_MS = 5_000;

/** Compares this PC's clock with the clock of each bank's CA. The tolerance is that of an order's times. */
export const clock: Check<'clock'> = {
  check: 'clock',
  run: async ({ folders }) => checkClocks(await profilesIn(folders)),
};

export function checkClocks(profiles: readonly Profile[]): Promise<CheckResult[]> {
  return Promise.all(profiles.map(clockBy));
}

async function clockBy({ id, enrollment }: Profile): Promise<CheckResult> {
  const [service] = Object.values(enrollment);
  if (!service) return { fact: id, shared: '' };
  try {
    const date = await connectCa(service, CA_MS).clock(AbortSignal.timeout(CA_MS));
    if (!date) return { fact: id, shared: '' };
    const off = Date.now() - date.getTime();
    const shared = `${off > 0 ? '+' : ''}${Math.round(off / 1000)} s`;
    const wrong = Math.abs(off) > ORDER_CLOCK_SKEW_S * 1000;
    return { fact: `${id}  ${shared}`, shared, ...(wrong ? { remarks: ['clockWrong'], wrong } : {}) };
  } catch (error) {
    return { note: error instanceof AgentError ? error : new AgentError('ERR_CA_UNREACHABLE', {}, error) };
  }
}
