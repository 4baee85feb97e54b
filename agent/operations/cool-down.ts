/**
 * A page whose requests the human refused several times in a row must wait. Otherwise it could open dialogs until the human
 * approves one to be rid of them.
 */
import { AgentError } from '../../web-bridge/protocol/errors.ts';

const REFUSALS_ALLOWED = 3;
const COOL_DOWN_MS = 5 * 60_000;

export type CoolDown = {
  /** @throws AgentError ERR_POLICY_COOL_DOWN with `seconds`, the time that remains */
  check(origin: string): void;
  refused(origin: string): void;
  approved(origin: string): void;
};

export function createCoolDown(now: () => number): CoolDown {
  const refusals = new Map<string, { count: number; lastAt: number }>();
  return {
    check(origin) {
      const { count, lastAt } = refusals.get(origin) ?? { count: 0, lastAt: 0 };
      const remainingMs = lastAt + COOL_DOWN_MS - now();
      if (remainingMs <= 0) refusals.delete(origin);
      else if (count >= REFUSALS_ALLOWED)
        throw new AgentError('ERR_POLICY_COOL_DOWN', { seconds: Math.ceil(remainingMs / 1000) });
    },
    refused(origin) {
      refusals.set(origin, { count: (refusals.get(origin)?.count ?? 0) + 1, lastAt: now() });
    },
    approved(origin) {
      refusals.delete(origin);
    },
  };
}
