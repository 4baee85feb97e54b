/**
 * The way to the CA through an HTTP proxy, where the system names one in the environment. A proxy moves bytes: TLS goes on
 * to the CA itself, so neither trust nor authorization change.
 */
import { connect, isIP, type Socket } from 'node:net';

const MAX_HEAD_BYTES = 8 * 1024;

export type Proxy = { readonly host: string; readonly port: number; readonly credentials: string | undefined };

/** `https_proxy` and `no_proxy` as curl reads them, in either case; this machine is never behind a proxy. */
export function proxyFor(url: URL, environment: NodeJS.ProcessEnv): Proxy | undefined {
  const setting = environment['https_proxy'] || environment['HTTPS_PROXY'];
  if (!setting || isLoopback(url.hostname)) return undefined;
  if (isExempt(url.hostname, environment['no_proxy'] || environment['NO_PROXY'] || '')) return undefined;
  const text = setting.includes('://') ? setting : `http://${setting}`;
  const proxy = URL.canParse(text) ? new URL(text) : undefined;
  if (proxy?.protocol !== 'http:') return undefined;
  const user = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return {
    host: withoutBrackets(proxy.hostname),
    port: Number(proxy.port || 80),
    credentials: user === ':' ? undefined : Buffer.from(user).toString('base64'),
  };
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
}

/** `*`, or names and domains separated by commas. */
function isExempt(hostname: string, list: string): boolean {
  const entries = list.split(',').map((entry) =>
    entry
      .trim()
      .toLowerCase()
      .replace(/^\*?\./, ''),
  );
  return entries.some((entry) => entry === '*' || (entry !== '' && `.${hostname}`.endsWith(`.${entry}`)));
}

export function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

/**
 * RFC 9110 §9.3.6: CONNECT, and the socket once the tunnel stands. Destroying `socket` is the caller's way to give up.
 * Rejects with the proxy's status as `code`.
 */
export function openTunnel({ host, port, credentials }: Proxy, target: URL): { socket: Socket; open: Promise<void> } {
  const socket = connect({ host, port });
  const authority = `${target.hostname}:${target.port || 443}`;
  const authorization = credentials ? `Proxy-Authorization: Basic ${credentials}\r\n` : '';
  socket.once('connect', () =>
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`),
  );
  return { socket, open: tunnelHead(socket) };
}

function tunnelHead(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0 && head.length < MAX_HEAD_BYTES) return;
      socket.off('data', onData);
      socket.pause();
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(head.toString('latin1'))?.[1] ?? 'none';
      if (end < 0 || !status.startsWith('2')) return reject(proxyError(status));
      // The CA speaks only after our ClientHello: what came too early is put back for TLS to refuse.
      if (head.length > end + 4) socket.unshift(head.subarray(end + 4));
      resolve();
    };
    socket.on('data', onData);
    socket.on('error', reject);
    socket.once('close', () => reject(proxyError('closed')));
  });
}

function proxyError(status: string): Error {
  return Object.assign(new Error('the proxy opened no tunnel'), { code: `ERR_SOCKET_PROXY_${status.toUpperCase()}` });
}
