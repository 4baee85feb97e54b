import { stageSoftHsm } from '../stage/softhsm.ts';
import { tokenContract } from './token.ts';

tokenContract('SoftHSM', (folder) => {
  const { module, environment, pin } = stageSoftHsm(folder, ['desk', 'second']);
  const keyTypes = ['rsa-2048', 'rsa-3072', 'rsa-4096', 'ec-p256', 'ec-p384'] as const;
  return { module: { path: module, environment }, labels: ['desk', 'second'], pin, keyTypes };
});
