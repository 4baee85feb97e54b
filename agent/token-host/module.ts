/** One vendor's module in this process: loaded, initialized, finalized, started anew. */
import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import pkcs11js, { type Handle } from 'pkcs11js';
import { checkModulePath } from '../../native-config/module-path.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { PROGRAM } from '../platform/program.ts';
import { rvOf } from './ckr.ts';
import { type Cryptoki, guarded } from './cryptoki.ts';

/** The build puts it beside this file. Without it, a reader with a PIN pad gets an empty PIN instead of NULL_PTR. */
const NULL_PIN = fileURLToPath(new URL('agent/token-host/null-pin.so', PROGRAM));

export type LoadedModule = {
  readonly path: string;
  readonly parameters: string | undefined;
  readonly p11: Cryptoki;
};

/** @throws AgentError ERR_MODULE_MISSING, ERR_MODULE_UNSAFE, ERR_MODULE_LOAD_FAILED */
export async function loadModule(path: string, parameters: string | undefined): Promise<LoadedModule> {
  // The agent has checked the path before. The process that loads the file checks it again.
  await checkModulePath(path);
  return loadAndInitialize(await realpath(path), { path, parameters });
}

/**
 * Loads the same module through `null-pin.c`, which passes NULL_PTR for a PIN that is typed on the reader.
 * @throws AgentError ERR_MODULE_*
 */
export async function loadForPinPad(module: LoadedModule): Promise<LoadedModule> {
  if (!existsSync(NULL_PIN)) return module;
  finalize(module, []);
  await checkModulePath(module.path);
  process.env['INKAN_MODULE'] = await realpath(module.path);
  return loadAndInitialize(NULL_PIN, module);
}

function loadAndInitialize(library: string, { path, parameters }: Omit<LoadedModule, 'p11'>): LoadedModule {
  const binding = new pkcs11js.PKCS11();
  try {
    binding.load(library);
  } catch (error) {
    throw new AgentError('ERR_MODULE_LOAD_FAILED', {}, error);
  }
  const module = { path, parameters, p11: guarded(binding) };
  initialize(module);
  return module;
}

export function initialize({ p11, parameters }: LoadedModule): void {
  try {
    // CKF_OS_LOCKING_OK: p11-kit and gnome-keyring answer CANT_LOCK without it.
    const flags = pkcs11js.CKF_OS_LOCKING_OK;
    // pkcs11js 2.1.7 drops the last character of the parameters.
    p11.C_Initialize(parameters === undefined ? { flags } : { flags, libraryParameters: `${parameters} ` });
  } catch (error) {
    throw new AgentError('ERR_MODULE_LOAD_FAILED', { fn: 'C_Initialize', rv: rvOf(error) ?? 'none' }, error);
  }
}

/**
 * Closes all sessions first, since sc-hsm's C_Finalize deadlocks with one open. With OpenSC, keys still sign after C_Logout,
 * but not after this.
 */
export function finalize({ p11 }: LoadedModule, slots: readonly Handle[]): void {
  for (const slot of slots) {
    try {
      p11.C_CloseAllSessions(slot);
    } catch {
      // A token that was pulled out has no sessions. Finalizing is what counts.
    }
  }
  p11.C_Finalize();
}
