import { stageOpenCryptoki } from '../stage/opencryptoki.ts';
import { tokenContract } from './token.ts';

tokenContract("openCryptoki's soft token", async (folder) => {
  const staged = await stageOpenCryptoki(folder, 'desk');
  return typeof staged === 'string' ? staged : { ...staged, keyTypes: ['rsa-2048'] };
});
