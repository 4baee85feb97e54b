/** The handlers table of the bridge: one file a method. */
import type { Handlers } from '../../web-bridge/protocol/handlers.ts';
import { authenticate } from './authenticate.ts';
import { cancel } from './cancel.ts';
import type { Desktop } from './desktop.ts';
import { enroll } from './enroll.ts';
import { hello } from './hello.ts';
import { remove } from './remove.ts';
import { status } from './status.ts';
import { watch } from './watch.ts';

export function handlersFor(desktop: Desktop): Handlers {
  return {
    hello: hello(desktop),
    status: status(desktop),
    enroll: enroll('enroll', desktop),
    reenroll: enroll('reenroll', desktop),
    authenticate: authenticate(desktop),
    remove: remove(desktop),
    watch: watch(desktop),
    cancel: cancel(desktop),
  };
}
