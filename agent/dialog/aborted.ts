/** What a dialog throws when its signal closed it: the caller's own reason where it is one of ours. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';

export function abortedError(signal: AbortSignal): AgentError {
  const reason: unknown = signal.reason;
  return reason instanceof AgentError ? reason : new AgentError('ERR_USER_CANCELLED', {}, reason);
}
