/** From a click to a connection: what the browser allows, the question it asks, and who answers. */
import { PORTS } from '../protocol/address.ts';
import type { BridgeState } from './bridge-state.ts';
import { isObstacle, obstacle } from './failure.ts';
import type { Client } from './json-rpc.ts';
import { type Permission, permission } from './permission.ts';
import { connect } from './web-socket.ts';

export type ReachOptions = {
  /** Called with where the page stands on the way to the agent; `SDK_WORDS` has what to show. */
  onState?: (state: BridgeState) => void;
  /** Stops listening; what the agent has begun goes on. To stop that, `cancel`. */
  signal?: AbortSignal;
  /** Ports to look for the agent on, at most three; for tests. */
  ports?: readonly number[];
};

/**
 * With nobody listening, Chromium 156 fails all sockets within 250 ms and leaves its question on the screen. Only a
 * socket that somebody accepted waits for the answer, and a person needs longer than this to give one.
 */
const QUICKER_THAN_A_PERSON_MS = 1_000;

const MOMENTS = { granted: 'ready', unknown: 'ready', prompt: 'explain', denied: 'denied' } as const;

const supported = (): boolean => globalThis.isSecureContext && typeof WebSocket === 'function';

/**
 * Where the page stands before it connects, without connecting: `ready`, `explain` (show why the browser is going to
 * ask, and connect after a click), `denied` or `unsupported`.
 */
export async function readiness(): Promise<'ready' | 'explain' | 'denied' | 'unsupported'> {
  return supported() ? MOMENTS[await permission()] : 'unsupported';
}

/** The port that answered last on this page: asked alone at first, for failing WebSockets are throttled. */
let answered: number | undefined;

/** While the browser would ask, one round over all: a first one that fails would bring the question twice. */
async function round(before: Permission, { ports = PORTS, signal }: ReachOptions): Promise<Client> {
  const last = before === 'prompt' ? undefined : ports.find((port) => port === answered);
  const known = last && (await connect([last], signal).catch(() => undefined));
  const { client, port } = known || (await connect(ports, signal));
  answered = port;
  return client;
}

/** One round; what a failed round means depends on what has become of the permission. */
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
    // Allowed while the round was failing: the one case in which a second round can do better.
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
