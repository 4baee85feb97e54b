/** What the agent hands to the bridge: one handler for each method. Types only; the bridge knows no agent. */
import type { EventName, EventParams } from './events.ts';
import type { Method, Params, Result } from './methods.ts';

/** The page behind one connection, as far as it may be trusted: its origin comes from the browser's handshake. */
export type Caller = {
  readonly origin: string;
  /** Sends an event to this page; after the connection's end it does nothing. */
  readonly notify: <E extends EventName>(event: E, params: EventParams<E>) => void;
  /** Calls the listener once when the connection has ended, at once if it has already; the answer takes it back. */
  readonly onClose: (listener: () => void) => () => void;
};

/** Answers, or throws an `AgentError`; anything else it throws reaches the page as ERR_INTERNAL_FAILED. */
export type Handler<M extends Method> = (params: Params<M>, caller: Caller) => Promise<Result<M>>;

export type Handlers = { readonly [M in Method]: Handler<M> };
