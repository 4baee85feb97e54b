/** A TLS connection to the bank's CA: straight, or through the system's proxy. Trusted by the given anchors only. */
import { isIP, type Socket } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { openTunnel, proxyFor, withoutBrackets } from './proxy.ts';

/**
 * The server is who the URL says (RFC 9110 §4.3.4). Aborting destroys the connection, also after it was handed out.
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
      servername: isIP(host) ? '' : host, // RFC 6066 §3: no addresses in SNI
      ca: [...trustAnchors],
      allowPartialTrustChain: true, // an anchor is an anchor, self-signed or not (RFC 5280 §6.1.1 d)
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true, // said here, so that NODE_TLS_REJECT_UNAUTHORIZED cannot say otherwise
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

/** ECONNREFUSED and the like, EAI_AGAIN of the resolver, Node's own for sockets; of several addresses, that of the first. */
const SYSTEM_CODE = /^(E(AI_)?[A-Z0-9]+|ERR_SOCKET_[A-Z0-9_]+)$/;

/** What the system says is the network's; EPROTO, and all codes of Node's own and of OpenSSL's verification, are TLS's. */
function connectFailure(error: unknown, url: URL): AgentError {
  const { code, name } = error as { code?: string; name?: string };
  const reason = name === 'AbortError' ? 'timeout' : (code ?? 'closed');
  const details = { host: url.host, reason };
  const isNetwork = code === undefined || name === 'AbortError' || (SYSTEM_CODE.test(code) && code !== 'EPROTO');
  return new AgentError(isNetwork ? 'ERR_CA_UNREACHABLE' : 'ERR_CA_TLS_UNTRUSTED', details, error);
}
