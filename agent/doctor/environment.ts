import { refuseDangerousEnvironment } from '../platform/environment.ts';
import type { Check } from './finding.ts';

export const environment: Check<'environment'> = {
  check: 'environment',
  run({ environment: variables }) {
    refuseDangerousEnvironment(variables);
    return [{ fact: '', shared: '' }];
  },
};
