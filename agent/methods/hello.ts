import { PROTOCOL } from '../../web-bridge/protocol/envelope.ts';
import type { Handler } from '../../web-bridge/protocol/handlers.ts';
import type { Context } from './context.ts';

/** Answers the protocol and the version only. That is enough to recognize Inkan on this port. */
export function hello({ version, expectWork }: Context): Handler<'hello'> {
  return async () => {
    // After the answer, because starting a process blocks this one for a moment.
    setImmediate(expectWork);
    return { protocol: PROTOCOL, version };
  };
}
