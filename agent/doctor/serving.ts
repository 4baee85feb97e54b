import { join } from 'node:path';
import type { Folders } from '../platform/platform.ts';
import { isHeld } from '../records/lock.ts';

/** Whether `inkan serve` runs for this user. */
export function isServing({ state }: Pick<Folders, 'state'>): Promise<boolean> {
  return isHeld(join(state, 'locks'), 'serve');
}
