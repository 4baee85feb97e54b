/** The keys with which a bank signs its orders (JWK, RFC 7517). Each key has exactly one algorithm. */
import type { JWK } from 'jose';
import type { Profile } from '../../native-config/schema.ts';

export type OrderKey = Profile['orderKeys']['keys'][number];

/** The JWS algorithm. The key decides it, never the header of the JWS (RFC 8725 §3.1). */
export function algorithmOf(key: OrderKey): string {
  if (key.kty === 'RSA') return key.alg;
  return key.kty === 'EC' ? 'ES256' : 'EdDSA';
}

/** The key without members that are `undefined`: the schema sets them, and a JWK must not have them. */
export function plainJwk(key: OrderKey): JWK {
  return JSON.parse(JSON.stringify(key)) as JWK;
}
