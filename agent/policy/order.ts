/**
 * Verifies an order: the bank's signature, then every claim. This comes before any dialog and any PKCS#11 call. The page that
 * brought the order is a courier. Of the page, only the origin is trusted: the browser sets it in the WebSocket handshake, and it
 * must equal the origin that the bank signed.
 */
import { createHash } from 'node:crypto';
import { compactVerify, decodeProtectedHeader, importJWK } from 'jose';
import * as v from 'valibot';
import type { Profile } from '../../native-config/schema.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import {
  ORDER_CLOCK_SKEW_S,
  ORDER_MAX_LENGTH,
  ORDER_MAX_LIFETIME_S,
  ORDER_TYP,
  type OrderClaims,
  orderClaims,
  type Purpose,
} from '../../web-bridge/protocol/order.ts';
import { algorithmOf, type OrderKey, plainJwk } from './order-key.ts';

/** An order whose signature, claims, origin and purpose are right. Its time is not yet checked: see {@link checkValidity}. */
export type VerifiedOrder = {
  readonly claims: OrderClaims;
  readonly profile: Profile;
  /** SHA-256 of the compact order, hexadecimal. It distinguishes the same order from another order with the same `jti`. */
  readonly digest: string;
};

/**
 * @param origin the origin of the WebSocket handshake; for the CLI the order's own. It must be one of the profile's origins
 * @throws AgentError ERR_POLICY_ORDER_*
 */
export async function verifyOrder(
  order: string,
  origin: string,
  purpose: Purpose,
  profiles: readonly Profile[],
): Promise<VerifiedOrder> {
  const header = readHeader(order);
  const profile = profileOf(order, profiles);
  const key = profile.orderKeys.keys.find(({ kid }) => kid === header.kid);
  if (!key) throw new AgentError('ERR_POLICY_ORDER_KEY_UNKNOWN', { profile: profile.id });
  const claims = readClaims(await verifiedPayload(order, key));
  if (!profile.origins.includes(origin))
    throw new AgentError('ERR_POLICY_ORDER_ORIGIN_MISMATCH', { profile: profile.id });
  if (claims.origin !== origin) throw new AgentError('ERR_POLICY_ORDER_ORIGIN_MISMATCH', { profile: profile.id });
  if (claims.purpose !== purpose)
    throw new AgentError('ERR_POLICY_ORDER_PURPOSE_MISMATCH', { ordered: claims.purpose });
  return { claims, profile, digest: createHash('sha256').update(order).digest('hex') };
}

/**
 * Checks `iat` and `exp` (RFC 7519 §4.1.4, §4.1.6), and the lifetime between them.
 * @param nowMs milliseconds since 1970
 * @throws AgentError ERR_POLICY_ORDER_*
 */
export function checkValidity({ iat, exp }: OrderClaims, nowMs: number): void {
  const now = nowMs / 1000;
  if (exp <= iat || exp - iat > ORDER_MAX_LIFETIME_S) throw new AgentError('ERR_POLICY_ORDER_LIFETIME_TOO_LONG');
  if (iat > now + ORDER_CLOCK_SKEW_S) throw new AgentError('ERR_POLICY_ORDER_NOT_YET_VALID');
  if (exp <= now - ORDER_CLOCK_SKEW_S) throw new AgentError('ERR_POLICY_ORDER_EXPIRED');
}

/** Claims whose signature is not verified. They serve only to find the profile of an order. */
export type UnverifiedClaims = { readonly iss: unknown; readonly origin: unknown; readonly purpose: unknown };

/** @throws AgentError ERR_POLICY_ORDER_MALFORMED */
export function unverifiedClaims(order: string): UnverifiedClaims {
  try {
    const payload: unknown = JSON.parse(Buffer.from(order.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const claims = Object(payload) as Partial<UnverifiedClaims>;
    return { iss: claims.iss, origin: claims.origin, purpose: claims.purpose };
  } catch (error) {
    throw new AgentError('ERR_POLICY_ORDER_MALFORMED', {}, error);
  }
}

/** RFC 7515 §4.1: `typ` and `kid` are required. Only `kid` is used, to look up the key. */
function readHeader(order: string): { kid: string } {
  if (order.length > ORDER_MAX_LENGTH || order.split('.').length !== 3)
    throw new AgentError('ERR_POLICY_ORDER_MALFORMED');
  try {
    const { typ, kid } = decodeProtectedHeader(order);
    if (typ === ORDER_TYP && typeof kid === 'string') return { kid };
  } catch (error) {
    throw new AgentError('ERR_POLICY_ORDER_MALFORMED', {}, error);
  }
  throw new AgentError('ERR_POLICY_ORDER_MALFORMED');
}

function profileOf(order: string, profiles: readonly Profile[]): Profile {
  const { iss } = unverifiedClaims(order);
  const profile = profiles.find(({ id }) => id === iss);
  if (!profile) throw new AgentError('ERR_POLICY_ORDER_ISSUER_UNKNOWN');
  return profile;
}

async function verifiedPayload(order: string, key: OrderKey): Promise<Uint8Array> {
  const alg = algorithmOf(key);
  try {
    const { payload } = await compactVerify(order, await importJWK(plainJwk(key), alg), { algorithms: [alg] });
    return payload;
  } catch (error) {
    throw new AgentError('ERR_POLICY_ORDER_SIGNATURE_INVALID', {}, error);
  }
}

function readClaims(payload: Uint8Array): OrderClaims {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch (error) {
    throw new AgentError('ERR_POLICY_ORDER_CLAIMS_INVALID', { member: 'document' }, error);
  }
  const result = v.safeParse(orderClaims, json);
  if (result.success) return result.output;
  throw new AgentError('ERR_POLICY_ORDER_CLAIMS_INVALID', { member: v.getDotPath(result.issues[0]) ?? 'document' });
}
