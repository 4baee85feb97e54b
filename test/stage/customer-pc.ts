/** A customer's PC: the agent's folders, a SoftHSM token, a scripted human. The agent on it is the one that ships. */
import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Agent, compose } from '../../agent/main.ts';
import type { Pkcs11Module } from '../../native-config/schema.ts';
import { stageSoftHsm } from './softhsm.ts';

export type Answers = {
  readonly consent?: 'approve' | 'refuse' | 'ignore';
  readonly pin?: 'give' | 'cancel' | 'ignore';
  readonly code?: string;
  readonly choose?: string;
  readonly insert?: 'wait' | 'cancel';
  readonly lastTry?: 'confirm' | 'cancel';
  readonly replace?: 'approve' | 'refuse';
  readonly newPinFile?: string;
};

export type CustomerPc = {
  readonly environment: NodeJS.ProcessEnv;
  /** Path of the scripted human's file. */
  readonly script: string;
  readonly module: string;
  /** What SoftHSM's own tools want in their environment. */
  readonly tokenEnvironment: Readonly<Record<string, string>>;
  readonly pin: string;
  answer(answers: Answers): void;
  writePin(pin: string): void;
  addProfile(profile: Readonly<Record<string, unknown>>): void;
  /** These modules instead of SoftHSM itself; from the next `compose` on. */
  setModules(modules: readonly Pkcs11Module[]): void;
  compose(): Promise<Agent>;
};

/** Modules of this machine that would look for readers, TPMs and daemons that no test has; by their real paths. */
function others(): string[] {
  const names = ['opensc-pkcs11.so', 'libtpm2_pkcs11.so.1', 'pkcs11/libopencryptoki.so', 'libykcs11.so.2'];
  const paths = ['x86_64', 'aarch64'].flatMap((machine) =>
    names.map((name) => `/usr/lib/${machine}-linux-gnu/${name}`),
  );
  return paths.filter((path) => existsSync(path)).map((path) => realpathSync(path));
}

/** Sets the PC up in `folder`, with one token for each label. */
export function setUpPc(folder: string, labels: readonly string[] = ['desk'], userPin?: string): CustomerPc {
  const { module, environment: tokenEnvironment, pin } = stageSoftHsm(folder, labels, userPin);
  const [config, state] = [join(folder, 'config'), join(folder, 'state')];
  mkdirSync(join(config, 'profiles'), { recursive: true, mode: 0o700 });
  const own = (file: string, text: string) => writeFileSync(file, text, { mode: 0o600 });
  const [script, pinFile] = [join(folder, 'human.json'), join(folder, 'pin')];
  const setModules = (modules: readonly Pkcs11Module[]) => {
    const unwanted = modules.some(({ path }) => path === module) ? [] : [module];
    own(join(config, 'agent.json'), JSON.stringify({ version: 1, modules, forbidden: [...others(), ...unwanted] }));
  };
  setModules([{ path: module, environment: tokenEnvironment }]);
  const { PATH, HOME } = process.env;
  const environment = { PATH, HOME, LANG: 'ja_JP.UTF-8', INKAN_CONFIG_DIR: config, INKAN_STATE_DIR: state };
  const answer = (answers: Answers) => own(script, JSON.stringify({ consent: 'approve', pinFile, ...answers }));
  const writePin = (text: string) => own(pinFile, text);
  answer({});
  writePin(pin);
  return {
    environment,
    script,
    module,
    tokenEnvironment,
    pin,
    answer,
    writePin,
    setModules,
    addProfile: (profile) => own(join(config, 'profiles', `${String(profile['id'])}.json`), JSON.stringify(profile)),
    compose: () => compose({ environment, script }),
  };
}
