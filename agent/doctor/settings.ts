import { join } from 'node:path';
import { loadAgentConfig } from '../../native-config/load.ts';
import type { Check } from './finding.ts';

export const settings: Check<'settings'> = {
  check: 'settings',
  async run({ folders }) {
    const file = join(folders.config, 'agent.json');
    await loadAgentConfig(file);
    return [{ fact: file, shared: '' }];
  },
};
