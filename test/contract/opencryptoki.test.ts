import { stageOpenCryptoki } from '../stage/opencryptoki.ts';
import { tokenContract } from './token.ts';

const stage = async (folder: string) => {
  const staged = await stageOpenCryptoki(folder, 'desk');
  return typeof staged === 'string' ? staged : { ...staged, keyTypes: ['rsa-2048'] as const };
};

tokenContract("openCryptoki's soft token", stage, { single: true });
