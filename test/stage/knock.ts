/** Bytes at the bridge's door, as no browser would send them, and WebSockets of whatever origin. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { ErrorData } from '../../web-bridge/protocol/envelope.ts';

/** What every stranger is answered, whatever the agent is or does. */
export const REFUSAL = 'HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
/** What is not HTTP, or too much of it, is answered. */
export const MALFORMED = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/** What the bridge sends: of `result` and `error` one is there. */
export type Answer<Result = Record<string, string>> = {
  jsonrpc: string;
  id: number | null;
  result: Result;
  error: { code: number; message: string; data: ErrorData };
};

/** A header's other value, several, or none. */
export type Change = Record<string, string | string[] | undefined>;

/** The good opening handshake (RFC 6455 §4.1) of a page at `origin`, with changes that make it bad. */
export function handshake(port: number, origin: string, change: Change = {}, line = 'GET / HTTP/1.1'): string {
  const good: Change = {
    Host: `127.0.0.1:${port}`,
    Origin: origin,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol': 'inkan.v1',
  };
  const lines = Object.entries({ ...good, ...change }).flatMap(([name, value]) =>
    (value === undefined ? [] : [value].flat()).map((one) => `${name}: ${one}`),
  );
  return [line, ...lines, '', ''].join('\r\n');
}

export function dial(port: number, host = '127.0.0.1'): Socket {
  return connect({ port, host }).on('error', () => {});
}

/** Sends bytes as they are and reads until the other side ends. */
export async function knock(port: number, bytes: string): Promise<string> {
  const socket = dial(port);
  let answer = '';
  socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
  socket.write(bytes, 'latin1');
  await once(socket, 'close');
  return answer;
}

/** The first line of the answer to a handshake; the socket is gone afterwards. */
export async function knockOnce(port: number, bytes: string): Promise<string> {
  const socket = dial(port);
  socket.write(bytes, 'latin1');
  const [answer] = (await Promise.race([once(socket, 'data'), once(socket, 'close').then(() => [''])])) as [Buffer];
  socket.destroy();
  return answer.toString('latin1').split('\r\n')[0] ?? '';
}

/** A page's WebSocket, open. */
export async function openPage(port: number, origin: string): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, 'inkan.v1', { origin, perMessageDeflate: false });
  await once(socket, 'open');
  return socket;
}

let lastId = 0;

/** Sends a message and takes the answer with its number, or with none; to a text any answer is one. */
export async function ask<R = Record<string, string>>(socket: WebSocket, message: unknown): Promise<Answer<R>> {
  const { id } = Object(message) as { id?: number };
  const answered = new Promise<Answer<R>>((resolve, reject) => {
    const gone = (): void => reject(new Error('the bridge closed the connection'));
    const hear = (data: Buffer): void => {
      const answer = JSON.parse(String(data)) as Answer<R>;
      if (!('id' in answer) || (id !== undefined && answer.id !== id && answer.id !== null)) return;
      socket.off('message', hear).off('close', gone);
      resolve(answer);
    };
    socket.on('message', hear).on('close', gone);
  });
  socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  return await answered;
}

export function call<R = Record<string, string>>(
  socket: WebSocket,
  method: string,
  params: object = {},
): Promise<Answer<R>> {
  lastId += 1;
  return ask(socket, { jsonrpc: '2.0', id: lastId, method, params });
}

/** The code by which a call is refused. */
export async function codeOf(answer: Promise<Answer<unknown>>): Promise<string> {
  const { error } = await answer;
  return (error as Answer['error'] | undefined)?.data.code ?? 'not refused';
}
