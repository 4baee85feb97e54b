/**
 * Sockets that have not upgraded. A browser's socket is silent while its permission question is open, and often ends without
 * a byte. This is no attack. But a socket that has sent a byte must finish its headers in time.
 */
import type { Socket } from 'node:net';
import type { Limits } from './limits.ts';

/** Not `performance`: Node.js would load it at the first connection, and a page would wait for that. */
export const monotonicMs = (): number => process.uptime() * 1_000;

/** How often the ages are checked. */
const CHECK_MS = 500;

type Age = { readonly since: number; spokeAt: number | undefined };

export type PendingSockets = {
  readonly add: (socket: Socket) => void;
  readonly remove: (socket: Socket) => void;
  readonly close: () => void;
};

export function createPendingSockets(limits: Limits): PendingSockets {
  // In the order in which they came, so the first is the oldest.
  const sockets = new Map<Socket, Age>();
  const timer = setInterval(endLate, CHECK_MS);
  timer.unref();

  // Node's parser reads from the handle itself, so no `data` event shows the first byte. `bytesRead` does.
  function endLate(): void {
    const now = monotonicMs();
    for (const [socket, age] of sockets) {
      if (socket.bytesRead > 0) age.spokeAt ??= now;
      const { since, spokeAt } = age;
      const late = spokeAt === undefined ? now - since > limits.silentMs : now - spokeAt > limits.headersMs;
      if (late) socket.destroy();
    }
  }

  function makeRoom(): void {
    const silent = [...sockets.keys()].find((socket) => socket.bytesRead === 0);
    (silent ?? sockets.keys().next().value)?.destroy();
  }

  function remove(socket: Socket): void {
    sockets.delete(socket);
  }

  return {
    add: (socket) => {
      if (sockets.size >= limits.pendingSockets) makeRoom();
      sockets.set(socket, { since: monotonicMs(), spokeAt: undefined });
      socket.once('close', () => remove(socket));
    },
    remove,
    close: () => {
      clearInterval(timer);
      for (const socket of sockets.keys()) socket.destroy();
    },
  };
}
