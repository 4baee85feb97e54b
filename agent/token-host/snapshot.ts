/**
 * What lies on the token before a call, and the removal of what a failed call left there. SoftHSM leaves an orphan private
 * key (without CKA_ID) after a refused C_GenerateKeyPair and an orphan certificate after a refused C_CreateObject.
 */
import pkcs11js, { type Handle } from 'pkcs11js';
import { attributeIfAny, findObjects, type Place } from './objects.ts';

export type Snapshot = ReadonlySet<string>;

const onToken = (place: Place): Handle[] => findObjects(place, [{ type: pkcs11js.CKA_TOKEN, value: true }]);

export function snapshot(place: Place): Snapshot {
  return new Set(onToken(place).map((handle) => handle.toString('hex')));
}

/**
 * Runs `work`; after its failure removes what is new and ours: under this CKA_ID, or under none. Another program may have
 * written to the token meanwhile, and what it wrote bears its own CKA_ID.
 */
export function orNothing<T>(place: Place, ckaId: Uint8Array, work: () => T): T {
  const before = snapshot(place);
  try {
    return work();
  } catch (error) {
    removeNew(place, before, ckaId);
    throw error;
  }
}

function removeNew(place: Place, before: Snapshot, ckaId: Uint8Array): void {
  const fresh = quietly(() => onToken(place).filter((handle) => !before.has(handle.toString('hex')))) ?? [];
  for (const handle of fresh) {
    const id = attributeIfAny(place, handle, pkcs11js.CKA_ID);
    if (id === undefined || id.equals(ckaId)) quietly(() => place.p11.C_DestroyObject(place.session, handle));
  }
}

/** The first failure is the one to tell; a token that answers no longer cannot be tidied either. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
