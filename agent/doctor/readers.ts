import { platform } from '../platform/current.ts';
import type { Check } from './finding.ts';

/** A token of software has none. */
export const readers: Check<'readers'> = {
  check: 'readers',
  async look() {
    const found = await platform.usbReaders();
    if (found.length === 0) return [{ fact: '', shared: '', remarks: ['none'] }];
    return found.map((reader) => ({ fact: reader, shared: reader }));
  },
};
