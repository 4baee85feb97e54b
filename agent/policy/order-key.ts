/** The bank's order-signing keys (JWK, RFC 7517), each fit for exactly one algorithm. */
import type { JWK } from 'jose';
import type { Profile } from '../../native-config/schema.ts';

export type OrderKey = Profile['orderKeys']['keys'][number];

/** The algorithm is the key's, never the header's choice (RFC 8725 §3.1). */
export function algorithmOf(key: OrderKey): string {
  if (key.kty === 'RSA') return key.alg;
  return key.kty === 'EC' ? 'ES256' : 'EdDSA';
}

/** The schema's absent members are `undefined`, which a JWK does not know. */
export function plainJwk(key: OrderKey): JWK {
  return JSON.parse(JSON.stringify(key)) as JWK;
}
