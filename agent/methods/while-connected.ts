import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Caller } from '../../web-bridge/protocol/handlers.ts';

/** Does work that is for this page only. Its signal is aborted when the page disconnects. */
export async function whileConnected<T>({ onClose }: Caller, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const gone = new AbortController();
  const forget = onClose(() => gone.abort(new AgentError('ERR_USER_CANCELLED', { reason: 'the page has gone' })));
  try {
    return await work(gone.signal);
  } finally {
    forget();
  }
}
