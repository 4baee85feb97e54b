import { KEY_TYPES } from '../../web-bridge/protocol/order.ts';
import { stageSoftHsm } from '../stage/softhsm.ts';
import { tokenContract } from './token.ts';

tokenContract('SoftHSM', async (folder) => {
  const labels = ['desk', 'second'];
  const { module, environment, pin } = stageSoftHsm(folder, labels);
  return { module: { path: module, environment }, labels, pin, keyTypes: KEY_TYPES, leave: async () => {} };
});
