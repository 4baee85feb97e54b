/** What becomes of each request: in through the gate as a WebSocket, or away with the same few bytes as everybody. */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Report, type Service, serve } from './connection.ts';
import { admit, type Rules } from './gate.ts';
import type { Limits } from './limits.ts';
import { isForeignPeer } from './peer.ts';
import { monotonicMs, type WaitingRoom } from './waiting-room.ts';

const HEADERS = 'Connection: close\r\nContent-Length: 0\r\n\r\n';
const ANSWERS = {
  /** To every stranger: no body, no CORS header, nothing that tells what the agent is or does (RFC 9110 §15.5.4). */
  stranger: `HTTP/1.1 403 Forbidden\r\n${HEADERS}`,
  /** What is not HTTP, or too much of it (RFC 9110 §15.5.1). */
  malformed: `HTTP/1.1 400 Bad Request\r\n${HEADERS}`,
  /** An allowed page beyond the number of connections (RFC 9110 §15.6.4). */
  full: `HTTP/1.1 503 Service Unavailable\r\n${HEADERS}`,
} as const;
const GOING_AWAY = 1001;
/** A page that does not answer the close of its WebSocket is not waited for any longer. */
const STUBBORN_MS = 1_000;
/** A page can make refusals by the thousand: the log gets each reason once in this time, and how often it was. */
const REFUSAL_REPORT_MS = 60_000;

export type Door = { readonly close: () => void };
export type DoorOptions = {
  readonly service: Service;
  readonly rules: () => Rules;
  readonly waiting: WaitingRoom;
};

function turnAway(socket: Duplex, answer: string): void {
  if (!socket.writable) return void socket.destroy();
  socket.end(answer);
  // A peer that never closes its end must not keep ours.
  (socket as Socket).destroySoon();
}

function refusalReporter(report: Report): (reason: string) => void {
  const seen = new Map<string, { count: number; reportedAt: number }>();
  return (reason) => {
    const entry = seen.get(reason) ?? { count: 0, reportedAt: -REFUSAL_REPORT_MS };
    seen.set(reason, entry);
    entry.count += 1;
    if (monotonicMs() - entry.reportedAt < REFUSAL_REPORT_MS) return;
    report('refused', { reason, count: entry.count });
    entry.reportedAt = monotonicMs();
  };
}

function createWebSockets(limits: Limits): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.messageBytes,
    maxFragments: limits.messageFragments,
    maxBufferedChunks: limits.bufferedChunks,
  });
}

/** The pages that are in: how many, and how to see them out. */
function openRoom(limits: Limits) {
  const pages = new Map<WebSocket, string>();
  const each = (act: (page: WebSocket) => void): void => [...pages.keys()].forEach(act);
  return {
    isFull: (origin: string): boolean =>
      pages.size >= limits.connections ||
      [...pages.values()].filter((other) => other === origin).length >= limits.connectionsPerOrigin,
    enter: (page: WebSocket, origin: string): void => {
      pages.set(page, origin);
      page.once('close', () => pages.delete(page));
    },
    close: (): void => {
      each((page) => page.close(GOING_AWAY));
      setTimeout(() => each((page) => page.terminate()), STUBBORN_MS).unref();
    },
  };
}

/** Puts the gate in front of a server: every event by which Node hands out a request ends here. */
export function openDoor(server: Server, { service, rules, waiting }: DoorOptions): Door {
  const webSockets = createWebSockets(service.limits);
  const room = openRoom(service.limits);
  const reportRefusal = refusalReporter(service.report);

  function refuse(socket: Duplex, reason: string, answer: string = ANSWERS.stranger): void {
    reportRefusal(reason);
    turnAway(socket, answer);
  }

  async function upgrade(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    const now = rules();
    const admitted = admit(request, now);
    if ('refused' in admitted) return refuse(socket, admitted.refused);
    const { origin } = admitted;
    if (await isForeignPeer({ client: socket.remotePort ?? 0, server: now.port })) return refuse(socket, 'other user');
    if (room.isFull(origin)) return refuse(socket, 'full', ANSWERS.full);
    waiting.leave(socket);
    webSockets.handleUpgrade(request, socket, head, (page) => {
      room.enter(page, origin);
      serve(page, origin, service);
    });
  }

  function turnAwayRequest(request: IncomingMessage): void {
    const admitted = admit(request, rules());
    refuse(request.socket, 'refused' in admitted ? admitted.refused : 'upgrade');
  }

  for (const event of ['request', 'checkContinue', 'checkExpectation', 'connect']) server.on(event, turnAwayRequest);
  server.on('clientError', (_error, socket) => turnAway(socket, ANSWERS.malformed));
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgrade(request, socket as Socket, head).catch((cause: unknown) => {
      service.report('upgrade failed', {}, cause);
      socket.destroy();
    });
  });
  return { close: room.close };
}
