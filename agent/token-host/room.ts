/** How much room a token says it has left: the one warning before it is full, where it gives one. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { OpenToken } from './session.ts';

/** A public key with a customer's certificate, and a private key of RSA-4096: less than any card needs for them. */
const PAIR = { public: 2048, private: 1024 } as const;

type Room = { readonly public: number; readonly private: number };

/** @throws AgentError ERR_TOKEN_FULL: before a key is made that no certificate would fit beside */
export function assertRoomForPair(token: OpenToken): void {
  const room = roomOn(token);
  if (room.public < PAIR.public || room.private < PAIR.private) throw new AgentError('ERR_TOKEN_FULL');
}

/** @throws AgentError ERR_TOKEN_FULL */
export function assertRoomFor(token: OpenToken, bytes: number): void {
  if (roomOn(token).public < bytes) throw new AgentError('ERR_TOKEN_FULL');
}

/** Infinite where the token does not tell. */
function roomOn({ p11, slot }: OpenToken): Room {
  const info = p11.C_GetTokenInfo(slot);
  return {
    public: told(info.freePublicMemory, info.totalPublicMemory),
    private: told(info.freePrivateMemory, info.totalPrivateMemory),
  };
}

/** BigInts, whatever the binding's types say. A total that no token could live with is none (NSS says 1, others 0). */
function told(free: unknown, total: unknown): number {
  if (typeof free !== 'bigint' || typeof total !== 'bigint') return Number.POSITIVE_INFINITY;
  const said = (figure: bigint): boolean => figure < UNAVAILABLE;
  return said(free) && said(total) && total >= LEAST_TOTAL ? Number(free) : Number.POSITIVE_INFINITY;
}

const LEAST_TOTAL = 4096n;
/** CK_UNAVAILABLE_INFORMATION is all ones, of 32 or of 64 bits. */
const UNAVAILABLE = 0xffff_ffffn;
