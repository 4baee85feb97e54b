/** What the environment may not ask of us. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Environment } from './platform.ts';

/**
 * TLS that checks nothing, or code loaded by an option of Node's, would make every promise of ours void.
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
