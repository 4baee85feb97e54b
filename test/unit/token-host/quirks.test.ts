import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { quirksOf } from '../../../agent/token-host/quirks.ts';
import { loadTokenFamilies } from '../../../native-config/modules.ts';

describe('token families', () => {
  it('are all readable, and each says where it was learnt', async () => {
    const files = readdirSync(resolve(import.meta.dirname, '../../../../native-config/tokens'));
    const families = await loadTokenFamilies();
    expect(families).to.have.lengthOf(files.length);
    for (const { source, quirks } of families) {
      expect(source).to.not.equal('');
      expect(quirks.every(({ why, seen }) => why !== '' && seen !== '')).to.equal(true);
    }
  });

  it('name modules by absolute paths, each once', async () => {
    const families = await loadTokenFamilies();
    for (const platform of ['linux', 'darwin', 'win32'] as const) {
      const paths = families.flatMap(({ modules }) => modules[platform]);
      expect(paths.filter((path) => !/^(\/|[A-Z]:\\)/.test(path) || path.includes('..'))).to.deep.equal([]);
      expect(new Set(paths).size, platform).to.equal(paths.length);
    }
    for (const { name, run, source } of families) if (!run) expect(source, name).to.match(/^Not run here: /);
  });

  it('match by what the module says of itself, whatever the case', async () => {
    const families = await loadTokenFamilies();
    const of = (library: string) => [...quirksOf(families, library, 'any maker')];
    expect(of('IBM Meta PKCS11 LIBRARY')).to.deep.equal(['digest-info']);
    const yubico = 'Yubico (www.yubico.com) PKCS#11 PIV Library (SP-800-73)';
    expect(of(yubico)).to.deep.equal(['omit-extractable', 'so-creates-keys']);
    expect(of('SoftHSM Implementation of PKCS11')).to.deep.equal([]);
    expect(of('')).to.deep.equal([]);
  });

  it('match nothing when they name nothing', () => {
    const family = { name: 'x', source: 'x', run: false, match: {}, modules: { linux: [], darwin: [], win32: [] } };
    const quirk = { quirk: 'own-hash', why: 'x', seen: 'x' } as const;
    expect(quirksOf([{ ...family, quirks: [quirk] }], 'x', 'x').size).to.equal(0);
  });
});
