import { expect } from 'chai';
import { shareableDetails, shareablePath } from '../../../agent/doctor/shareable.ts';

describe('doctor: what may be sent to the bank', () => {
  it('tells the bank the paths that installers use, and no other', () => {
    for (const path of ['/usr/lib/a.so', '/opt/b.so', 'C:\\Windows\\System32\\c.dll', '/Library/OpenSC/lib/d.so'])
      expect(shareablePath(path)).to.equal(path);
    for (const path of [
      '/home/hanako/a.so',
      '/Users/hanako/a.dylib',
      'C:\\Users\\hanako\\a.dll',
      '/tmp/a.so',
      '',
      'usr/lib/a.so',
    ])
      expect(shareablePath(path)).to.equal('…');
    const details = {
      module: '/home/hanako/a.so',
      rv: 'CKR_GENERAL_ERROR',
      label: 'hanako',
      reason: '/home/hanako may be written by others',
    };
    expect(shareableDetails(details)).to.equal('…  CKR_GENERAL_ERROR  … may be written by others');
  });
});
