/**
 * The tunnel to the CA through an HTTP proxy, if the environment names one. The proxy only forwards bytes. TLS ends at the CA, so
 * that the trust anchors and the authorization are the same as without a proxy.
 */
import { connect, isIP, type Socket } from 'node:net';

const MAX_HEAD_BYTES = 8 * 1024;

export type Proxy = { readonly host: string; readonly port: number; readonly credentials: string | undefined };

/** Reads `https_proxy` and `no_proxy` in lower or upper case, as curl does. Loopback addresses never use the proxy. */
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

/** `list`: `*`, or names and domains separated by commas. */
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
 * Opens a tunnel with CONNECT (RFC 9110 §9.3.6). `open` resolves when the tunnel is ready, and rejects with the proxy's status in
 * `code`. The caller destroys `socket` to give up.
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
      // A CA sends nothing before our ClientHello. Bytes that came too early are put back, and TLS refuses them.
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
