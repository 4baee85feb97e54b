import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsIdentity } from '../../stage/authority.ts';

export type SeenRequest = {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
};
export type Handler = (response: ServerResponse, request: SeenRequest) => void;
export type StageServer = {
  readonly url: string;
  readonly port: number;
  readonly seen: SeenRequest[];
  readonly answerBy: (handler: Handler) => void;
  readonly close: () => Promise<void>;
};

/** A real HTTPS server on 127.0.0.1 that answers as the test says. */
export async function startServer(identity: TlsIdentity, options: ServerOptions = {}): Promise<StageServer> {
  const seen: SeenRequest[] = [];
  let handler: Handler = (response) => response.writeHead(404).end();
  const server = createServer({ ...identity, ...options }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers } = request;
      const whole = { method, url, headers, body: Buffer.concat(chunks) };
      seen.push(whole);
      handler(response, whole);
    });
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://localhost:${port}`,
    port,
    seen,
    answerBy: (next) => {
      handler = next;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}
