/** The handlers table of the bridge: one file a method. */
import type { Words } from '../../web-bridge/protocol/envelope.ts';
import type { ErrorCode } from '../../web-bridge/protocol/errors.ts';
import type { Handlers } from '../../web-bridge/protocol/handlers.ts';
import type { Enrollments } from '../enrollment/enrollments.ts';
import { cancel } from './cancel.ts';
import { enroll } from './enroll.ts';
import { hello } from './hello.ts';
import { status } from './status.ts';
import { unavailable } from './unavailable.ts';
import { watch } from './watch.ts';

/** What the methods work on. */
export type Desktop = {
  readonly version: string;
  readonly enrollments: Enrollments;
  readonly words: (code: ErrorCode) => Words;
};

export function handlersFor(desktop: Desktop): Handlers {
  return {
    hello: hello(desktop),
    status: status(desktop),
    enroll: enroll('enroll', desktop),
    reenroll: enroll('reenroll', desktop),
    authenticate: unavailable,
    remove: unavailable,
    watch: watch(desktop),
    cancel: cancel(desktop),
  };
}
