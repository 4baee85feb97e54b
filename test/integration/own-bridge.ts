/** A bridge of the suite's own on a free port, before a small agent, anew for each test; what was connected goes with it. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { isForeignPeer } from '../../agent/platform/linux-socket-owner.ts';
import type { ErrorDetails } from '../../web-bridge/protocol/errors.ts';
import { type Bridge, type BridgeOptions, startBridge } from '../../web-bridge/server/server.ts';
import * as knocking from '../stage/knock.ts';
import { createSmallAgent, type SmallAgent, wordsOf } from './small-agent.ts';

export const ORIGIN = 'https://www.bank.example';
export const OTHER = 'https://www.other.example';

type Reported = { readonly what: string; readonly facts: ErrorDetails; readonly cause: unknown };

export class OwnBridge {
  agent!: SmallAgent;
  bridge!: Bridge;
  reports: Reported[] = [];
  readonly #sockets: (Socket | WebSocket)[] = [];

  async start(options: Partial<BridgeOptions> = {}): Promise<void> {
    this.agent = createSmallAgent();
    this.reports = [];
    this.bridge = await startBridge({
      ports: [0],
      origins: () => new Set([ORIGIN, OTHER]),
      handlers: this.agent.handlers,
      isForeignPeer,
      words: wordsOf,
      report: (what, facts, cause) => void this.reports.push({ what, facts, cause }),
      ...options,
    });
  }

  /** With other options than each test begins with. */
  async restart(options: Partial<BridgeOptions>): Promise<void> {
    await this.bridge.close();
    await this.start(options);
  }

  async end(): Promise<void> {
    for (const socket of this.#sockets.splice(0)) 'terminate' in socket ? socket.terminate() : socket.destroy();
    await this.bridge.close();
  }

  /** The bytes of a good handshake, with changes that make it bad. */
  handshake(change: knocking.Change = {}, line?: string): string {
    return knocking.handshake(this.bridge.port, ORIGIN, change, line);
  }

  /** What the bridge says to these bytes until it ends. */
  knock(bytes: string): Promise<string> {
    return knocking.knock(this.bridge.port, bytes);
  }

  dial(): Socket {
    const socket = knocking.dial(this.bridge.port);
    this.#sockets.push(socket);
    return socket;
  }

  /** Through the handshake, and bytes from there on. */
  async dialThrough(): Promise<Socket> {
    const socket = this.dial();
    socket.write(this.handshake());
    await once(socket, 'data');
    return socket;
  }

  async page(origin = ORIGIN): Promise<WebSocket> {
    const socket = await knocking.openPage(this.bridge.port, origin);
    this.#sockets.push(socket);
    return socket;
  }
}

export function ownBridge(): OwnBridge {
  const own = new OwnBridge();
  beforeEach(() => own.start());
  afterEach(() => own.end());
  return own;
}

/** The bank's page begins an enrollment; its ID. */
export async function enrolled(page: WebSocket): Promise<string> {
  const { result } = await knocking.call(page, 'enroll', { order: 'an-order' });
  return result['enrollment'] ?? '';
}

export async function closeCode(socket: WebSocket): Promise<number> {
  const [code] = (await once(socket, 'close')) as [number];
  return code;
}
