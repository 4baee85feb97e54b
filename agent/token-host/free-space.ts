/** How much memory a token has left (CK_TOKEN_INFO, PKCS#11 v2.40 §3.2). Where it says so, a full token is found early. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { OpenToken } from './session.ts';

/** Bytes for a public key with a customer's certificate, and for a private key of RSA-4096: any card needs more. */
const PAIR = { public: 2048, private: 1024 } as const;

type FreeSpace = { readonly public: number; readonly private: number };

/** Before a key is made that no certificate would fit beside. @throws AgentError ERR_TOKEN_FULL */
export function assertSpaceForPair(token: OpenToken): void {
  const free = freeSpaceOf(token);
  if (free.public < PAIR.public || free.private < PAIR.private) throw new AgentError('ERR_TOKEN_FULL');
}

/** @throws AgentError ERR_TOKEN_FULL */
export function assertSpaceFor(token: OpenToken, bytes: number): void {
  if (freeSpaceOf(token).public < bytes) throw new AgentError('ERR_TOKEN_FULL');
}

function freeSpaceOf({ p11, slot }: OpenToken): FreeSpace {
  const info = p11.C_GetTokenInfo(slot);
  return {
    public: bytesFree(info.freePublicMemory, info.totalPublicMemory),
    private: bytesFree(info.freePrivateMemory, info.totalPrivateMemory),
  };
}

/** Infinite where the token does not say. The binding gives BigInts, whatever its types say. */
function bytesFree(free: unknown, total: unknown): number {
  if (typeof free !== 'bigint' || typeof total !== 'bigint') return Number.POSITIVE_INFINITY;
  const isKnown = free < UNAVAILABLE && total < UNAVAILABLE && total >= LEAST_TOTAL;
  return isKnown ? Number(free) : Number.POSITIVE_INFINITY;
}

/** A smaller total is no true figure: NSS says 1, others 0. */
const LEAST_TOTAL = 4096n;
/** CK_UNAVAILABLE_INFORMATION is all ones, of 32 or of 64 bits. */
const UNAVAILABLE = 0xffff_ffffn;
