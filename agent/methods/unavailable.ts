import { AgentError } from '../../web-bridge/protocol/errors.ts';

/** A verb of the protocol that this version does not serve yet: said by its code, not by silence. */
export async function unavailable(): Promise<never> {
  throw new AgentError('ERR_BRIDGE_METHOD_UNAVAILABLE');
}
