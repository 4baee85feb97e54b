/** The error of a dialog that its signal closed: the signal's reason if that is an AgentError, else ERR_USER_CANCELLED. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';

export function abortedError(signal: AbortSignal): AgentError {
  const reason: unknown = signal.reason;
  return reason instanceof AgentError ? reason : new AgentError('ERR_USER_CANCELLED', {}, reason);
}
