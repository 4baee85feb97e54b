/** Where this user's configuration and state lie (XDG Base Directory), and what the environment may not ask of us. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AgentError } from '../web-bridge/protocol/errors.ts';

export type Folders = {
  /** `agent.json` and `profiles/`. */
  readonly config: string;
  readonly state: string;
  /** The system's first: its profiles win. */
  readonly profiles: readonly string[];
};

const SYSTEM_PROFILES = '/etc/inkan/profiles';

export function foldersOf(environment: NodeJS.ProcessEnv): Folders {
  const { INKAN_CONFIG_DIR, INKAN_STATE_DIR, XDG_CONFIG_HOME, XDG_STATE_HOME } = environment;
  const home = environment['HOME'] || homedir();
  const config = INKAN_CONFIG_DIR || join(XDG_CONFIG_HOME || join(home, '.config'), 'inkan');
  const state = INKAN_STATE_DIR || join(XDG_STATE_HOME || join(home, '.local', 'state'), 'inkan');
  return { config, state, profiles: [SYSTEM_PROFILES, join(config, 'profiles')] };
}

/**
 * TLS that checks nothing, or code loaded by an option of Node's, would make every promise of ours void.
 * @throws AgentError ERR_INTERNAL_ENVIRONMENT_REFUSED
 */
export function refuseDangerousEnvironment(environment: NodeJS.ProcessEnv): void {
  const refused =
    environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0'
      ? 'NODE_TLS_REJECT_UNAUTHORIZED'
      : environment['NODE_OPTIONS']
        ? 'NODE_OPTIONS'
        : undefined;
  if (refused) throw new AgentError('ERR_INTERNAL_ENVIRONMENT_REFUSED', { variable: refused });
}
