import { platform } from '../platform/current.ts';
import type { Check } from './finding.ts';

/** No reader is not an error, because a software token has none. */
export const readers: Check<'readers'> = {
  check: 'readers',
  async run() {
    const found = await platform.usbReaders();
    if (found.length === 0) return [{ fact: '', shared: '', remarks: ['none'] }];
    return found.map((reader) => ({ fact: reader, shared: reader }));
  },
};
