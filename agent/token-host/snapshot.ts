/**
 * Takes away what a failed call left on the token. SoftHSM leaves a private key without CKA_ID after a refused
 * C_GenerateKeyPair, and a certificate after a refused C_CreateObject.
 */
import pkcs11js, { type Handle } from 'pkcs11js';
import { attributeIfAny, findObjects, type Place } from './objects.ts';

type Snapshot = ReadonlySet<string>;

const onToken = (place: Place): Handle[] => findObjects(place, [{ type: pkcs11js.CKA_TOKEN, value: true }]);

function snapshot(place: Place): Snapshot {
  return new Set(onToken(place).map((handle) => handle.toString('hex')));
}

/**
 * Runs `work`. If it fails, the objects that are new and ours are destroyed: those under this CKA_ID and those under none.
 * Another program may have written to the token at the same time; its objects have a CKA_ID of their own.
 */
export function undoOnFailure<T>(place: Place, ckaId: Uint8Array, work: () => T): T {
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

/** The first failure is the one to report. A token that no longer answers cannot be cleaned either. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
