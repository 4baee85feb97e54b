import { join } from 'node:path';
import { openJournal } from '../records/journal.ts';
import type { Check } from './finding.ts';

/** Whether records can be kept. */
export const state: Check<'state'> = {
  check: 'state',
  async look({ folders }) {
    await openJournal(join(folders.state, 'journal'), () => {});
    return [{ fact: folders.state, shared: '' }];
  },
};
