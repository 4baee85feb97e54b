/**
 * Chromium ≥ 147 asks the person before a page may reach programs on this computer, and asks even if none listens. To
 * the page a refusal looks like a missing agent, so the permission's state is all there is to tell them apart by.
 */

/** `unknown`: this browser has no such permission for WebSockets, and asks nothing. */
export type Permission = 'granted' | 'prompt' | 'denied' | 'unknown';

/** The permission's name now, and the one it had before. */
const NAMES = ['loopback-network', 'local-network-access'] as const;

async function query(): Promise<PermissionStatus | undefined> {
  for (const name of NAMES) {
    try {
      // lib.dom does not know these names yet.
      return await navigator.permissions.query({ name: name as PermissionName });
    } catch {
      // A browser throws a TypeError for a name it does not know (Permissions §6.2): the next, or none.
    }
  }
  return undefined;
}

/**
 * Firefox 153 answers `prompt` for `loopback-network`, yet lets WebSockets through unasked: they are not under the
 * permission there (`network.lna.websocket.enabled` is false), and a page cannot read that.
 */
const isGecko = (): boolean => 'mozInnerScreenX' in globalThis;

/**
 * A page that lies on this computer itself is let through unasked, though its permission reads `prompt`. Over http only test
 * profiles name an origin, and only `localhost`; over https a page cannot tell where it lies.
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
