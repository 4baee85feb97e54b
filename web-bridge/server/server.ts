/** The bridge: listens on 127.0.0.1, on the first free port, with `door.ts` in front. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AgentError } from '../protocol/errors.ts';
import { type Ends, openDoor } from './door.ts';
import type { Service } from './json-rpc.ts';
import { LIMITS, type Limits } from './limits.ts';
import { createPendingSockets } from './pending-sockets.ts';

export type BridgeOptions = Omit<Service, 'limits'> & {
  /** Tried in this order. The first free one is taken. */
  readonly ports: readonly number[];
  /** The origins that may connect. Called for each request, because profiles can be added and removed. */
  readonly origins: () => ReadonlySet<string>;
  /**
   * Whether the client's end of this connection belongs to another user. All users of a machine share 127.0.0.1, and another
   * user's program could send any Origin.
   */
  readonly isForeignPeer: (ends: Ends) => Promise<boolean>;
  /** Replaces some of the usual limits. */
  readonly limits?: Partial<Limits>;
};

export type Bridge = { readonly port: number; readonly close: () => Promise<void> };

/** Not `localhost`, which may be [::1], where another program may listen. */
const HOST = '127.0.0.1';

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: HOST, port, exclusive: true }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Takes only a free port. On a port that another program holds, pages would reach that program. */
async function listenOnFirstFree(server: Server, ports: readonly number[]): Promise<number> {
  let cause: unknown;
  for (const port of ports) {
    try {
      return await listen(server, port);
    } catch (error) {
      server.removeAllListeners('error');
      cause = error;
    }
  }
  throw new AgentError('ERR_BRIDGE_PORT_TAKEN', { ports: ports.join(', ') }, cause);
}

function createHttp(limits: Limits): Server {
  const server = createServer({ connectionsCheckingInterval: 1_000, maxHeaderSize: limits.headerBytes });
  // Off, because Node.js would answer 408 to a silent socket. `pending-sockets.ts` has its own timers.
  server.headersTimeout = 0;
  server.requestTimeout = 0;
  return server;
}

/** Opens the bridge; resolves when it listens. Throws ERR_BRIDGE_PORT_TAKEN if no port is free. */
export async function startBridge(options: BridgeOptions): Promise<Bridge> {
  const { ports, origins, isForeignPeer, limits: others, ...rest } = options;
  const limits: Limits = { ...LIMITS, ...others };
  const server = createHttp(limits);
  const pending = createPendingSockets(limits);
  let port = 0;
  const rules = () => ({ port, origins: origins() });
  const door = openDoor(server, { service: { ...rest, limits }, rules, isForeignPeer, pending });
  server.on('connection', pending.add);
  try {
    port = await listenOnFirstFree(server, ports);
  } catch (error) {
    pending.close();
    throw error;
  }
  return {
    port,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      pending.close();
      door.close();
      await closed;
    },
  };
}
