/**
 * Sockets that have not upgraded. A browser's stays silent for as long as its permission question is open and often
 * ends without a byte; that is no attack. A socket that has begun to speak must come to the point.
 */
import type { Socket } from 'node:net';
import type { Limits } from './limits.ts';

/** `performance` would be loaded for this at the first connection, which is somebody's wait. */
export const monotonicMs = (): number => process.uptime() * 1_000;

/** How often the ages are looked at. */
const LOOK_MS = 500;

type Waiting = { readonly since: number; spokeAt: number | undefined };

export type WaitingRoom = {
  readonly enter: (socket: Socket) => void;
  readonly leave: (socket: Socket) => void;
  readonly close: () => void;
};

export function openWaitingRoom(limits: Limits): WaitingRoom {
  // In the order of coming: the first is the oldest.
  const sockets = new Map<Socket, Waiting>();
  const looking = setInterval(look, LOOK_MS);
  looking.unref();

  // Node's parser reads from the handle itself, so there is no `data` event to note the first byte by.
  function look(): void {
    const now = monotonicMs();
    for (const [socket, waiting] of sockets) {
      if (socket.bytesRead > 0) waiting.spokeAt ??= now;
      const { since, spokeAt } = waiting;
      const late = spokeAt === undefined ? now - since > limits.silentMs : now - spokeAt > limits.headersMs;
      if (late) socket.destroy();
    }
  }

  function giveWay(): void {
    const silent = [...sockets.keys()].find((socket) => socket.bytesRead === 0);
    (silent ?? sockets.keys().next().value)?.destroy();
  }

  function leave(socket: Socket): void {
    sockets.delete(socket);
  }

  return {
    enter: (socket) => {
      if (sockets.size >= limits.waitingSockets) giveWay();
      sockets.set(socket, { since: monotonicMs(), spokeAt: undefined });
      socket.once('close', () => leave(socket));
    },
    leave,
    close: () => {
      clearInterval(looking);
      for (const socket of sockets.keys()) socket.destroy();
    },
  };
}
