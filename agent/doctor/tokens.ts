import { join } from 'node:path';
import { loadAgentConfig } from '../../native-config/load.ts';
import { findModules } from '../../native-config/modules.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { systemLanguage } from '../dialog/words.ts';
import type { TokenDescription } from '../ports/token.ts';
import { createTokens } from '../token/token.ts';
import type { Check, Observation, Remark } from './finding.ts';
import { reportCollector } from './report-collector.ts';

const LIST_MS = 60_000;
const PIN_REMARKS = ['pinLocked', 'pinFinalTry', 'pinCountLow', 'pinPad', 'writeProtected'] as const;

/** Modules that may not be loaded are left out here; the check `modules` reports them. */
export const tokens: Check<'tokens'> = {
  check: 'tokens',
  async run({ environment, folders }) {
    const { errors, report } = reportCollector();
    const config = await loadAgentConfig(join(folders.config, 'agent.json'));
    const service = createTokens({
      modules: () => findModules(config, () => {}),
      dialog: { language: systemLanguage(environment), timeoutMs: LIST_MS },
      profileFolders: folders.profiles,
      environment,
      report,
    });
    const found = await service.list(AbortSignal.timeout(LIST_MS));
    await service.close();
    if (found.length === 0) return [new AgentError('ERR_TOKEN_MISSING'), ...errors];
    return [...found.map(observationOf), ...errors.map((note) => ({ note }))];
  },
};

function observationOf(token: TokenDescription): Observation {
  const { label, serialNumber, manufacturer, model, slotDescription, keyTypes } = token;
  const remarks: Remark[] = PIN_REMARKS.filter((flag) => token[flag]);
  if (!token.userPinInitialized) remarks.push('pinNotSet');
  if (keyTypes.length === 0) remarks.push('cannotCreateKeys');
  const keys = keyTypes.join(' ');
  const kind = `${manufacturer} ${model}  ${keys}`;
  // Some makers put a serial number into the model's name.
  const shared = [label, serialNumber].reduce((text, own) => (own === '' ? text : text.replaceAll(own, '…')), kind);
  return {
    fact: `${label} (${model})  ${keys}  ${manufacturer}  ${serialNumber}  ${slotDescription}`,
    shared,
    remarks,
  };
}
