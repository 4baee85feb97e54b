import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { dialogPrograms } from '../dialog/open.ts';
import type { Check } from './finding.ts';
import { pathObservation } from './shareable.ts';

/** The programs and the terminal by which the human can be asked. */
export const dialogs: Check<'dialogs'> = {
  check: 'dialogs',
  run({ environment }) {
    const programs = dialogPrograms(environment);
    return programs.length > 0 ? programs.map(pathObservation) : [new AgentError('ERR_USER_UNREACHABLE')];
  },
};
