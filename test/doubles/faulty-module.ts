/** Compiles `test/native/faulty-module.c`: SoftHSM with single calls replaced by a plan in the environment. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Pkcs11Module } from '../../native-config/schema.ts';
import { type SoftHsm, stageSoftHsm } from '../stage/softhsm.ts';

/** The tests run from `dist/test/…`, the C source stays where it was written. */
const SOURCE = resolve(import.meta.dirname, '../../../test/native/faulty-module.c');

export type FaultyModule = {
  readonly pin: string;
  /** The module with this plan: `C_Function:n:behaviour;…`, and the log begun anew. */
  readonly planned: (plan: string) => Pkcs11Module;
  /** The token is in the reader, or out of it. */
  readonly pull: (out: boolean) => void;
  /** Names of the functions called since the last `planned`, in their order, in whichever process. */
  readonly calls: () => string[];
  /** What C_SignInit, C_Sign and C_GenerateKeyPair were given since then, a line a call. */
  readonly witnessed: () => string[];
};

export function buildFaultyModule(folder: string, labels: readonly string[]): FaultyModule {
  return faultyModuleOver(stageSoftHsm(folder, labels), compileFaultyModule(folder), folder);
}

export function compileFaultyModule(folder: string): string {
  const path = join(folder, 'faulty.so');
  execFileSync('cc', ['-shared', '-fPIC', '-Wall', '-Werror', '-O1', '-o', path, SOURCE, '-ldl'], { stdio: 'pipe' });
  return path;
}

/** @param folder of the log and of the file that says that the token is out */
export function faultyModuleOver(
  { module, environment, pin }: Pick<SoftHsm, 'module' | 'environment' | 'pin'>,
  path: string,
  folder: string,
): FaultyModule {
  const [log, witness, pulled] = [join(folder, 'calls'), join(folder, 'witness'), join(folder, 'pulled')];
  const fixed = {
    FAULTY_REAL: module,
    FAULTY_LOG: log,
    FAULTY_WITNESS: witness,
    FAULTY_PULLED: pulled,
    FAULTY_PAD: pin,
  };
  const linesOf = (file: string): string[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean);
  return {
    pin,
    planned(plan) {
      for (const file of [log, witness]) writeFileSync(file, '');
      return { path, environment: { ...environment, ...fixed, FAULTY_PLAN: plan } };
    },
    pull: (out) => (out ? writeFileSync(pulled, '') : rmSync(pulled, { force: true })),
    calls: () => linesOf(log),
    witnessed: () => linesOf(witness),
  };
}
