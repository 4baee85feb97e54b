/** Handles each request: the gate lets it in as a WebSocket, or it is refused with the same bytes as every other. */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { admit, type Rules } from './gate.ts';
import type { Report, Service } from './json-rpc.ts';
import { monotonicMs, type PendingSockets } from './pending-sockets.ts';
import { createWebSockets } from './web-socket.ts';

const HEADERS = 'Connection: close\r\nContent-Length: 0\r\n\r\n';
const ANSWERS = {
  /** For every stranger (RFC 9110 §15.5.4). It has no body and no CORS header, and tells nothing about the agent. */
  stranger: `HTTP/1.1 403 Forbidden\r\n${HEADERS}`,
  /** For bytes that are not HTTP, and for headers that are too long (RFC 9110 §15.5.1). */
  malformed: `HTTP/1.1 400 Bad Request\r\n${HEADERS}`,
  /** For an allowed page when there are too many connections (RFC 9110 §15.6.4). */
  full: `HTTP/1.1 503 Service Unavailable\r\n${HEADERS}`,
} as const;
/** A page can cause refusals by the thousand. So the log gets each reason once in this time, with the number of refusals. */
const REFUSAL_REPORT_MS = 60_000;

/** The two ports of a TCP connection on 127.0.0.1. */
export type Ends = { readonly client: number; readonly server: number };

export type Door = { readonly close: () => void };
export type DoorOptions = {
  readonly service: Service;
  readonly rules: () => Rules;
  readonly isForeignPeer: (ends: Ends) => Promise<boolean>;
  readonly pending: PendingSockets;
};

function turnAway(socket: Duplex, answer: string): void {
  if (!socket.writable) return void socket.destroy();
  socket.end(answer);
  // Otherwise a peer that never closes its end would keep ours open.
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

/** Puts the gate in front of a server. It takes every event in which Node.js hands out a request. */
export function openDoor(server: Server, { service, rules, isForeignPeer, pending }: DoorOptions): Door {
  const webSockets = createWebSockets(service);
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
    if (webSockets.isFull(origin)) return refuse(socket, 'full', ANSWERS.full);
    pending.remove(socket);
    webSockets.accept(request, socket, head, origin);
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
  return { close: webSockets.close };
}
