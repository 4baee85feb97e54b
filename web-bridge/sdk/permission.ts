/**
 * Chromium ≥ 147 asks the person before a page may reach programs on this computer, even if none listens. A page cannot tell
 * a refusal from a missing agent by the socket. Only the state of the permission tells them apart.
 */

/** `unknown`: this browser has no such permission for WebSockets, and does not ask. */
export type Permission = 'granted' | 'prompt' | 'denied' | 'unknown';

/** The permission's name now, and the one it had before. */
const NAMES = ['loopback-network', 'local-network-access'] as const;

async function query(): Promise<PermissionStatus | undefined> {
  for (const name of NAMES) {
    try {
      // lib.dom does not know these names yet.
      return await navigator.permissions.query({ name: name as PermissionName });
    } catch {
      // A browser throws a TypeError for a name it does not know (Permissions §6.2). Then the next name is tried.
    }
  }
  return undefined;
}

/**
 * Firefox 153 answers `prompt` for `loopback-network`, but lets WebSockets through without a question. Its permission does not
 * cover them (`network.lna.websocket.enabled` is false), and a page cannot read this preference.
 */
const isGecko = (): boolean => 'mozInnerScreenX' in globalThis;

/**
 * A page that comes from this computer is let through without a question, though its permission reads `prompt`. An http page
 * is always such a page: only test profiles allow http, and only for `localhost`. An https page cannot tell where it comes from.
 */
const isOnThisComputer = (): boolean => location.protocol === 'http:' && location.hostname === 'localhost';

export async function permission(): Promise<Permission> {
  const state = (await query())?.state ?? 'unknown';
  return state === 'prompt' && (isGecko() || isOnThisComputer()) ? 'unknown' : state;
}

/** Resolves once the person has allowed the connection, in the browser's question or its settings. */
export async function whenGranted(signal?: AbortSignal): Promise<void> {
  const status = await query();
  signal?.throwIfAborted();
  if (status === undefined || status.state === 'granted') return;
  await new Promise<void>((resolve, reject) => {
    const settle = (): void => {
      if (status.state === 'granted') resolve();
    };
    status.addEventListener('change', settle);
    signal?.addEventListener('abort', () => {
      status.removeEventListener('change', settle);
      reject(signal.reason as Error);
    });
  });
}
