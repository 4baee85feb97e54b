import { stageP11Kit } from '../stage/p11-kit.ts';
import { tokenContract } from './token.ts';

tokenContract("p11-kit's client", async (folder) => {
  const staged = await stageP11Kit(folder, ['desk', 'second']);
  return typeof staged === 'string' ? staged : { ...staged, keyTypes: ['rsa-2048', 'ec-p256'] };
});
