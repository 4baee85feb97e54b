/** A TLS connection to the bank's CA, directly or through the system's proxy. Only the given trust anchors count. */
import { isIP, type Socket } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { openTunnel, proxyFor, withoutBrackets } from './proxy.ts';

/**
 * Connects, and verifies that the server's certificate is for the URL's host (RFC 9110 §4.3.4). Aborting the signal destroys the
 * socket, also after the promise has resolved.
 * @throws AgentError ERR_CA_UNREACHABLE, ERR_CA_TLS_UNTRUSTED
 */
export async function connect(url: URL, trustAnchors: readonly string[], signal: AbortSignal): Promise<TLSSocket> {
  try {
    return await handshake(url, trustAnchors, signal, await tunnelTo(url, signal));
  } catch (error) {
    throw connectFailure(error, url);
  }
}

async function tunnelTo(url: URL, signal: AbortSignal): Promise<Socket | undefined> {
  const proxy = proxyFor(url, process.env);
  if (!proxy) return undefined;
  const { socket, open } = openTunnel(proxy, url);
  destroyOn(signal, socket);
  await open;
  return socket;
}

function handshake(
  url: URL,
  trustAnchors: readonly string[],
  signal: AbortSignal,
  tunnel: Socket | undefined,
): Promise<TLSSocket> {
  const host = withoutBrackets(url.hostname);
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({
      host,
      port: Number(url.port || 443),
      ...(tunnel ? { socket: tunnel } : {}),
      servername: isIP(host) ? '' : host, // RFC 6066 §3: no IP addresses in SNI
      ca: [...trustAnchors],
      allowPartialTrustChain: true, // a trust anchor need not be self-signed (RFC 5280 §6.1.1 d)
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true, // explicit, so that NODE_TLS_REJECT_UNAUTHORIZED has no effect
      ALPNProtocols: ['http/1.1'],
    });
    destroyOn(signal, socket);
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('closed')));
    socket.once('secureConnect', () => resolve(socket));
  });
}

function destroyOn(signal: AbortSignal, socket: Socket): void {
  const destroy = (): unknown => socket.destroy(new DOMException('given up', 'AbortError'));
  signal.addEventListener('abort', destroy, { once: true });
  socket.once('close', () => signal.removeEventListener('abort', destroy));
}

/** Codes of the system (ECONNREFUSED), the resolver (EAI_AGAIN) and Node's sockets. After several addresses: the first one's. */
const SYSTEM_CODE = /^(E(AI_)?[A-Z0-9]+|ERR_SOCKET_[A-Z0-9_]+)$/;

/** A system error is a network failure. EPROTO and every other code (Node's, OpenSSL's verification) is a failure of TLS. */
function connectFailure(error: unknown, url: URL): AgentError {
  const { code, name } = error as { code?: string; name?: string };
  const reason = name === 'AbortError' ? 'timeout' : (code ?? 'closed');
  const details = { host: url.host, reason };
  const isNetwork = code === undefined || name === 'AbortError' || (SYSTEM_CODE.test(code) && code !== 'EPROTO');
  return new AgentError(isNetwork ? 'ERR_CA_UNREACHABLE' : 'ERR_CA_TLS_UNTRUSTED', details, error);
}
