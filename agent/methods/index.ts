/** The bridge's handlers: one file for each method. */
import type { Handlers } from '../../web-bridge/protocol/handlers.ts';
import { authenticate } from './authenticate.ts';
import { cancel } from './cancel.ts';
import type { Context } from './context.ts';
import { enroll } from './enroll.ts';
import { hello } from './hello.ts';
import { remove } from './remove.ts';
import { status } from './status.ts';
import { watch } from './watch.ts';

export function handlersFor(context: Context): Handlers {
  return {
    hello: hello(context),
    status: status(context),
    enroll: enroll('enroll', context),
    reenroll: enroll('reenroll', context),
    authenticate: authenticate(context),
    remove: remove(context),
    watch: watch(context),
    cancel: cancel(context),
  };
}
