/** Finds a private key again. The public key identifies it; CKA_ID is only a hint, since GIDS cards change it. */
import pkcs11js, { type Handle } from 'pkcs11js';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { HostKeyReference } from '../token/host-protocol.ts';
import { attributeIfAny, findOfClass, type Place } from './objects.ts';
import { publicHalf, publicHalfOfPrivate } from './public-half.ts';

/** @throws AgentError ERR_TOKEN_KEY_MISSING */
export function findPrivateKey(place: Place, reference: HostKeyReference): Handle {
  const key =
    underCkaId(place, reference) ?? byPublicHalf(place, reference.spki) ?? byPublicObject(place, reference.spki);
  if (!key) throw new AgentError('ERR_TOKEN_KEY_MISSING');
  return key;
}

/** A key that does not show its public half is taken: its signature is verified before it leaves. */
function underCkaId(place: Place, { ckaId, spki }: HostKeyReference): Handle | undefined {
  return findOfClass(place, pkcs11js.CKO_PRIVATE_KEY, ckaId).find((key) => {
    const half = publicHalfOfPrivate(place, key);
    return half === undefined || half.spki.equals(spki);
  });
}

function byPublicHalf(place: Place, spki: Uint8Array): Handle | undefined {
  return findOfClass(place, pkcs11js.CKO_PRIVATE_KEY).find((key) => publicHalfOfPrivate(place, key)?.spki.equals(spki));
}

/** A public key under another CKA_ID leads to the private key under the same. */
function byPublicObject(place: Place, spki: Uint8Array): Handle | undefined {
  const found = findOfClass(place, pkcs11js.CKO_PUBLIC_KEY).find((key) => publicHalf(place, key)?.spki.equals(spki));
  const ckaId = found && attributeIfAny(place, found, pkcs11js.CKA_ID);
  return ckaId && findOfClass(place, pkcs11js.CKO_PRIVATE_KEY, ckaId)[0];
}
