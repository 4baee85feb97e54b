import { stageTpm2 } from '../stage/tpm2.ts';
import { tokenContract } from './token.ts';

tokenContract('tpm2-pkcs11', async (folder) => {
  const staged = await stageTpm2(folder, ['desk', 'second']);
  return typeof staged === 'string' ? staged : { ...staged, keyTypes: ['rsa-2048', 'ec-p256', 'ec-p384'] };
});
