/** The locks of an account and of an enrollment, between the processes of one user. */

import { createHash } from 'node:crypto';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { EnrollmentId } from '../../web-bridge/protocol/methods.ts';
import type { Plan } from '../ports/plan.ts';
import type { Locks } from '../ports/records.ts';

type Unlock = () => Promise<void>;

/** How long to wait for another process to journal a consent it has just received. */
const ACCOUNT_WAIT_MS = 1_000;
/** How long to wait for another process to release an enrollment that it has just stopped. */
const ENROLLMENT_WAIT_MS = 1_000;

/** Held from the check of an order until its consent is journaled, one order at a time. @throws AgentError ERR_BRIDGE_BUSY */
export function holdAccount(locks: Locks, { profile, account }: Plan, signal: AbortSignal): Promise<Unlock> {
  const name = createHash('sha256')
    .update(JSON.stringify([profile, account.id]))
    .digest('hex')
    .slice(0, 32);
  return locks.hold(`account-${name}`, new AgentError('ERR_BRIDGE_BUSY'), ACCOUNT_WAIT_MS, signal);
}

/** Held while a process works on the enrollment. @throws AgentError ERR_BRIDGE_BUSY */
export function holdEnrollment(
  locks: Locks,
  enrollment: EnrollmentId,
  signal: AbortSignal,
  waitMs = ENROLLMENT_WAIT_MS,
): Promise<Unlock> {
  return locks.hold(`enrollment-${enrollment}`, new AgentError('ERR_BRIDGE_BUSY'), waitMs, signal);
}

/** Whether another process works on the enrollment at this moment. */
export async function isEnrollmentLocked(
  locks: Locks,
  enrollment: EnrollmentId,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const unlock = await holdEnrollment(locks, enrollment, signal, 0);
    await unlock();
    return false;
  } catch (error) {
    if (error instanceof AgentError && error.code === 'ERR_BRIDGE_BUSY') return true;
    throw error;
  }
}
