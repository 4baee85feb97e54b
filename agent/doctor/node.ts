import type { Check } from './finding.ts';

export const node: Check<'node'> = {
  check: 'node',
  run: () => [{ fact: process.version, shared: process.version }],
};
