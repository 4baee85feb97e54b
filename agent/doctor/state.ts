import { join } from 'node:path';
import { openJournal } from '../records/journal.ts';
import type { Check } from './finding.ts';

/** Whether the journal can be written. */
export const state: Check<'state'> = {
  check: 'state',
  async run({ folders }) {
    await openJournal(join(folders.state, 'journal'), () => {});
    return [{ fact: folders.state, shared: '' }];
  },
};
