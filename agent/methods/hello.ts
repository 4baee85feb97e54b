import { PROTOCOL } from '../../web-bridge/protocol/envelope.ts';
import type { Handler } from '../../web-bridge/protocol/handlers.ts';
import type { Context } from './context.ts';

/** Protocol and version, nothing more: enough to tell us from an unrelated program on this port. */
export function hello({ version, expectWork }: Context): Handler<'hello'> {
  return async () => {
    // After the answer: to start a process holds everything else up for a moment.
    setImmediate(expectWork);
    return { protocol: PROTOCOL, version };
  };
}
