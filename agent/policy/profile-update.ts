/** Updates of a profile. The bank signs an update with an order key of the installed profile, also when it rotates its keys. */
import { calculateJwkThumbprint, compactVerify, decodeProtectedHeader, importJWK } from 'jose';
import type { Profile } from '../../native-config/schema.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { algorithmOf, plainJwk } from './order-key.ts';

/** JOSE `typ` of a signed profile: a compact JWS whose payload is the profile's JSON. */
export const PROFILE_TYP = 'inkan-profile+jwt';

/**
 * Verifies a signed update, and returns the profile's JSON text in it.
 * @param update a compact JWS, signed by one of the installed profile's order keys
 * @throws AgentError ERR_POLICY_PROFILE_SIGNATURE_INVALID
 */
export async function openProfileUpdate(update: string, installed: Profile): Promise<string> {
  try {
    const { typ, kid } = decodeProtectedHeader(update);
    const key = installed.orderKeys.keys.find((one) => one.kid === kid);
    if (typ !== PROFILE_TYP || !key) throw new TypeError('typ or kid');
    const alg = algorithmOf(key);
    const { payload } = await compactVerify(update, await importJWK(plainJwk(key), alg), { algorithms: [alg] });
    return new TextDecoder('utf-8', { fatal: true }).decode(payload);
  } catch (error) {
    throw new AgentError('ERR_POLICY_PROFILE_SIGNATURE_INVALID', { profile: installed.id }, error);
  }
}

/** The thumbprint of each order key (RFC 7638, SHA-256, base64url). A person compares them with the bank's letter. */
export function thumbprintsOf({ orderKeys }: Profile): Promise<string[]> {
  return Promise.all(orderKeys.keys.map((key) => calculateJwkThumbprint(plainJwk(key))));
}
