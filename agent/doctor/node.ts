import type { Check } from './finding.ts';

export const node: Check<'node'> = {
  check: 'node',
  look: () => [{ fact: process.version, shared: process.version }],
};
