/** A throw-away SoftHSM store in a folder: for tests, the demo and CI. Nothing of it is on the machine's own store. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type SoftHsm = {
  /** Real path of the PKCS#11 module. */
  readonly module: string;
  /** What the module wants in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly pin: string;
};

export const SOFTHSM_PIN = '73915846';
const SO_PIN = '12345678';
const MODULES = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib64/pkcs11/libsofthsm2.so'];

/** Makes the store, with one token for each label, all with one PIN. */
export function stageSoftHsm(folder: string, labels: readonly string[], pin = SOFTHSM_PIN): SoftHsm {
  const module = MODULES.find((path) => existsSync(path));
  if (!module) throw new Error('SoftHSM is not installed: apt-get install softhsm2');
  const configuration = join(folder, 'softhsm2.conf');
  mkdirSync(join(folder, 'tokens'), { recursive: true, mode: 0o700 });
  writeFileSync(
    configuration,
    `directories.tokendir = ${join(folder, 'tokens')}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n`,
  );
  const environment = { SOFTHSM2_CONF: configuration };
  for (const label of labels) {
    const init = ['--init-token', '--free', '--label', label, '--so-pin', SO_PIN, '--pin', pin];
    execFileSync('softhsm2-util', init, { env: { PATH: process.env['PATH'], ...environment }, stdio: 'pipe' });
  }
  return { module: realpathSync(module), environment, pin };
}
