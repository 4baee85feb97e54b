/** One handler for each method: the agent gives them to the bridge. Types only, because the bridge does not import the agent. */
import type { EventName, EventParams } from './events.ts';
import type { Method, Params, Result } from './methods.ts';

/** The page of one connection. Its origin is the one in the browser's handshake. */
export type Caller = {
  readonly origin: string;
  /** Sends an event to this page. It does nothing after the connection has ended. */
  readonly notify: <E extends EventName>(event: E, params: EventParams<E>) => void;
  /** Calls the listener once when the connection ends, or at once if it has ended. Returns a function that removes the listener. */
  readonly onClose: (listener: () => void) => () => void;
};

/** Returns the result, or throws an `AgentError`. Any other error reaches the page as ERR_INTERNAL_FAILED. */
export type Handler<M extends Method> = (params: Params<M>, caller: Caller) => Promise<Result<M>>;

export type Handlers = { readonly [M in Method]: Handler<M> };
