/** The transport of JSON-RPC by WebSocket (RFC 6455): frames, closes, and the limits of a connection. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { type Connection, createAnswerer, type Service } from './json-rpc.ts';
import type { Limits } from './limits.ts';

/** RFC 6455 §7.4.1. */
const CLOSE = { goingAway: 1001, unsupportedData: 1003 } as const;
/** How long a page has to answer the close of its WebSocket. */
const CLOSE_MS = 1_000;

function connectionOf(socket: WebSocket, origin: string, limits: Limits): Connection {
  // Not as listeners of the socket: there can be one for each request that a page sends.
  const listeners = new Set<() => void>();
  socket.once('close', () => listeners.forEach((listener) => listener()));
  return {
    origin,
    send: (text) => {
      if (socket.readyState !== socket.OPEN) return;
      socket.send(text);
      // ws itself does not limit what it keeps for a page that does not read.
      if (socket.bufferedAmount > limits.unreadBytes) socket.terminate();
    },
    onClose: (listener) => {
      if (socket.readyState === socket.CLOSED) listener();
      else listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function serve(socket: WebSocket, origin: string, service: Service): void {
  const { report, limits } = service;
  const connection = connectionOf(socket, origin, limits);
  const answer = createAnswerer(connection, service);
  // Only a message shows that a page is alive. Browsers answer pings even for frozen pages.
  const quiet = setTimeout(() => socket.close(CLOSE.goingAway), limits.quietMs);
  socket.on('message', (data: RawData, isBinary: boolean) => {
    quiet.refresh();
    if (isBinary || !(data instanceof Buffer)) return socket.close(CLOSE.unsupportedData);
    answer(data.toString('utf8')).then(connection.send, (cause: unknown) => {
      report('answer failed', { origin }, cause);
      socket.terminate();
    });
  });
  // ws closes with the right code after an error of the peer's (too big, fragments, invalid UTF-8).
  socket.on('error', (error) => report('connection error', { origin, error: (error as { code?: string }).code ?? '' }));
  socket.on('close', () => clearTimeout(quiet));
}

function createServer(limits: Limits): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.messageBytes,
    maxFragments: limits.messageFragments,
    maxBufferedChunks: limits.bufferedChunks,
  });
}

/** The open WebSockets. */
export type WebSockets = {
  /** Whether this origin may not open another one now. */
  readonly isFull: (origin: string) => boolean;
  /** Answers an upgrade request that was let in, and serves its page until the connection ends. */
  readonly accept: (request: IncomingMessage, socket: Duplex, head: Buffer, origin: string) => void;
  readonly close: () => void;
};

export function createWebSockets(service: Service): WebSockets {
  const { limits } = service;
  const server = createServer(limits);
  const pages = new Map<WebSocket, string>();
  const each = (act: (page: WebSocket) => void): void => [...pages.keys()].forEach(act);
  return {
    isFull: (origin) =>
      pages.size >= limits.connections ||
      [...pages.values()].filter((other) => other === origin).length >= limits.connectionsPerOrigin,
    accept: (request, socket, head, origin) =>
      server.handleUpgrade(request, socket, head, (page) => {
        pages.set(page, origin);
        page.once('close', () => pages.delete(page));
        serve(page, origin, service);
      }),
    close: () => {
      each((page) => page.close(CLOSE.goingAway));
      setTimeout(() => each((page) => page.terminate()), CLOSE_MS).unref();
    },
  };
}
