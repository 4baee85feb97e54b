import { stageSoftHsm } from '../stage/softhsm.ts';
import { tokenContract } from './token.ts';

tokenContract('SoftHSM', async (folder) => {
  const labels = ['desk', 'second'];
  const { module, environment, pin } = stageSoftHsm(folder, labels);
  const keyTypes = ['rsa-2048', 'rsa-3072', 'rsa-4096', 'ec-p256', 'ec-p384'] as const;
  return { module: { path: module, environment }, labels, pin, keyTypes, leave: async () => {} };
});
