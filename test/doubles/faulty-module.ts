/** Compiles `test/native/faulty-module.c`: SoftHSM with single calls replaced by a plan in the environment. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Pkcs11Module } from '../../native-config/schema.ts';
import { stageSoftHsm } from '../stage/softhsm.ts';

/** The tests run from `dist/test/…`, the C source stays where it was written. */
const SOURCE = resolve(import.meta.dirname, '../../../test/native/faulty-module.c');

export type FaultyModule = {
  readonly pin: string;
  /** The module with this plan: `C_Function:n:behaviour;…` */
  readonly planned: (plan: string) => Pkcs11Module;
  /** Names of the functions called since the last `planned`, in their order, in whichever process. */
  readonly calls: () => string[];
};

export function buildFaultyModule(folder: string, labels: readonly string[]): FaultyModule {
  const { module, environment, pin } = stageSoftHsm(folder, labels);
  const path = join(folder, 'faulty.so');
  execFileSync('cc', ['-shared', '-fPIC', '-Wall', '-Werror', '-O1', '-o', path, SOURCE, '-ldl'], { stdio: 'pipe' });
  const log = join(folder, 'calls');
  return {
    pin,
    planned(plan) {
      writeFileSync(log, '');
      return { path, environment: { ...environment, FAULTY_REAL: module, FAULTY_LOG: log, FAULTY_PLAN: plan } };
    },
    calls: () => readFileSync(log, 'utf8').split('\n').filter(Boolean),
  };
}
