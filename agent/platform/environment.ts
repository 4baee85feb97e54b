/** Refuses an environment that would weaken the agent. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Environment } from './platform.ts';

/**
 * NODE_TLS_REJECT_UNAUTHORIZED=0 disables the check of TLS certificates. NODE_OPTIONS can load foreign code into this process.
 * @throws AgentError ERR_INTERNAL_ENVIRONMENT_REFUSED
 */
export function refuseDangerousEnvironment(environment: Environment): void {
  const refused =
    environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0'
      ? 'NODE_TLS_REJECT_UNAUTHORIZED'
      : environment['NODE_OPTIONS']
        ? 'NODE_OPTIONS'
        : undefined;
  if (refused) throw new AgentError('ERR_INTERNAL_ENVIRONMENT_REFUSED', { variable: refused });
}
