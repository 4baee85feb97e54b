import { homedir } from 'node:os';
import { join } from 'node:path';
import { loadAgentConfig } from '../../native-config/load.ts';
import { findModules } from '../../native-config/modules.ts';
import { p11KitFolders, readP11Kit } from '../../native-config/p11-kit.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Check, CheckResult } from './finding.ts';
import { reportCollector } from './report-collector.ts';
import { pathObservation } from './shareable.ts';

export const modules: Check<'modules'> = {
  check: 'modules',
  async run({ folders }) {
    const { errors, report } = reportCollector();
    const found = await findModules(await loadAgentConfig(join(folders.config, 'agent.json')), report);
    if (found.length + errors.length === 0) throw new AgentError('ERR_MODULE_MISSING');
    return [...found.map(({ path }) => pathObservation(path)), ...errors, ...(await p11KitsLeftOut())];
  },
};

async function p11KitsLeftOut(): Promise<CheckResult[]> {
  const { leftOut } = await readP11Kit(await p11KitFolders(homedir()));
  return leftOut.map(({ file, reason }) => ({ fact: `p11-kit ${file}  ${reason}`, shared: `p11-kit  ${reason}` }));
}
