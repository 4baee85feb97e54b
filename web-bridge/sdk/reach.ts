/** Connects a page to the agent after a click: the browser's permission, its question, and the ports. */
import { PORTS } from '../protocol/address.ts';
import type { BridgeState } from './bridge-state.ts';
import { isObstacle, obstacle } from './failure.ts';
import type { Client } from './json-rpc.ts';
import { type Permission, permission } from './permission.ts';
import { connect } from './web-socket.ts';

export type ReachOptions = {
  /** Called with each state on the way to the agent. `SDK_WORDS` has the words to show. */
  onState?: (state: BridgeState) => void;
  /** Ends the page's listening. The agent goes on; `cancel` stops it. */
  signal?: AbortSignal;
  /** The ports on which to look for the agent, at most three. For tests. */
  ports?: readonly number[];
};

/**
 * If nothing listens, Chromium 156 fails all sockets within 250 ms and leaves its question on the screen. Only a socket that
 * was accepted waits for the person's answer. A person needs longer than this to answer, so a quicker failure means that
 * nothing listens.
 */
const QUICKER_THAN_A_PERSON_MS = 1_000;

const MOMENTS = { granted: 'ready', unknown: 'ready', prompt: 'explain', denied: 'denied' } as const;

const supported = (): boolean => globalThis.isSecureContext && typeof WebSocket === 'function';

/**
 * The state before a connection, found without connecting: `ready`, `explain` (show why the browser is going to ask, and
 * connect after a click), `denied` or `unsupported`.
 */
export async function readiness(): Promise<'ready' | 'explain' | 'denied' | 'unsupported'> {
  return supported() ? MOMENTS[await permission()] : 'unsupported';
}

/** The port that answered last on this page. It is tried first and alone, because browsers slow down failing WebSockets. */
let answered: number | undefined;

/** Tries the ports. If the browser is going to ask, it tries all at once, since a failed first try would bring the question twice. */
async function round(before: Permission, { ports = PORTS, signal }: ReachOptions): Promise<Client> {
  const last = before === 'prompt' ? undefined : ports.find((port) => port === answered);
  const known = last && (await connect([last], signal).catch(() => undefined));
  const { client, port } = known || (await connect(ports, signal));
  answered = port;
  return client;
}

/** Tries the ports. If that fails, the state of the permission afterwards tells why. */
async function attempt(before: Permission, options: ReachOptions): Promise<Client> {
  const began = performance.now();
  try {
    return await round(before, options);
  } catch (error) {
    if (!isObstacle(error, 'not-running')) throw error;
    const after = await permission();
    if (after === 'denied') throw obstacle('denied');
    const quick = performance.now() - began < QUICKER_THAN_A_PERSON_MS;
    if (after === 'prompt') throw quick ? error : obstacle('dismissed');
    if (before === 'granted' || after === 'unknown') throw error;
    // The person allowed the connection while the sockets were failing. Only then can a second try succeed.
    return await attempt(after, options);
  }
}

/** Connects to the agent. Call it after a click unless `readiness()` is `ready`. */
export async function reach(options: ReachOptions): Promise<Client> {
  if (!supported()) throw obstacle('unsupported');
  const before = await permission();
  if (before === 'denied') throw obstacle('denied');
  if (before === 'prompt') options.onState?.('asking');
  const client = await attempt(before, options);
  options.onState?.('ready');
  return client;
}
