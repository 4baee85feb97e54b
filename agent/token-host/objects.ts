/** Objects on a token: how they are found by class, CKA_ID or value, and how their attributes are read. */
import pkcs11js, { type AttributeResult, type Handle, type Template } from 'pkcs11js';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { isOutOfOrder } from './ckr.ts';
import type { Cryptoki } from './cryptoki.ts';

/** No person's token holds more. With a hostile module, the loop of C_FindObjects would never end. */
const MAX_OBJECTS = 4096;
const AT_ONCE = 64;

/** A module's functions and the session in which they are called. */
export type Place = { readonly p11: Cryptoki; readonly session: Handle };

export function findObjects({ p11, session }: Place, template: Template): Handle[] {
  const handles: Handle[] = [];
  p11.C_FindObjectsInit(session, template);
  try {
    while (handles.length < MAX_OBJECTS) {
      const some = p11.C_FindObjects(session, AT_ONCE);
      if (some.length === 0) return handles;
      handles.push(...some);
    }
    throw new AgentError('ERR_TOKEN_FAILED', { rv: 'no end', fn: 'C_FindObjects' });
  } finally {
    p11.C_FindObjectsFinal(session);
  }
}

/**
 * One attribute a call: with several, one that is refused makes the whole call fail.
 * @throws AgentError as the module answered
 */
export function readAttribute({ p11, session }: Place, object: Handle, type: number): Buffer {
  const [attribute] = p11.C_GetAttributeValue(session, object, [{ type }]);
  return attribute ? Buffer.from(attribute.value) : Buffer.alloc(0);
}

/** `undefined` if the module refuses, or the value is empty. @throws AgentError if the token is gone */
export function attributeIfAny(place: Place, object: Handle, type: number): Buffer | undefined {
  try {
    const value = readAttribute(place, object, type);
    return value.length > 0 ? value : undefined;
  } catch (error) {
    if (isOutOfOrder(error)) throw error;
    return undefined;
  }
}

/**
 * Several attributes in one call. If the module answers an error for any of them, the call fails for all (PKCS#11 v2.40
 * §5.7.5); then they are read one by one. @throws AgentError if the token is gone
 */
export function attributesIfAny(place: Place, object: Handle, wanted: Template): readonly (Buffer | undefined)[] {
  try {
    return place.p11.C_GetAttributeValue(place.session, object, wanted).map(valueOf);
  } catch (error) {
    if (isOutOfOrder(error)) throw error;
    return wanted.map(({ type }) => attributeIfAny(place, object, type));
  }
}

const valueOf = ({ value }: AttributeResult): Buffer | undefined =>
  Buffer.isBuffer(value) && value.length > 0 ? value : undefined;

export function booleanIfAny(place: Place, object: Handle, type: number): boolean | undefined {
  const value = attributeIfAny(place, object, type);
  return value && value[0] !== 0;
}

/** CK_ULONG has this machine's size and byte order. Our values fit into 32 bits. */
export function numberIfAny(place: Place, object: Handle, type: number): number | undefined {
  const value = attributeIfAny(place, object, type);
  return value && value.length >= 4 ? value.readUInt32LE(0) : undefined;
}

export function findOfClass(place: Place, objectClass: number, ckaId?: Uint8Array): Handle[] {
  const template: Template = [
    { type: pkcs11js.CKA_CLASS, value: objectClass },
    { type: pkcs11js.CKA_TOKEN, value: true },
  ];
  return findObjects(place, ckaId ? [...template, { type: pkcs11js.CKA_ID, value: Buffer.from(ckaId) }] : template);
}

/** All objects on the token under one CKA_ID, of any class. */
export function findUnder(place: Place, ckaId: Uint8Array): Handle[] {
  return findObjects(place, [
    { type: pkcs11js.CKA_TOKEN, value: true },
    { type: pkcs11js.CKA_ID, value: Buffer.from(ckaId) },
  ]);
}

export function findCertificate(place: Place, value: Uint8Array): Handle | undefined {
  return lookForCertificate(place, value).handle;
}

/** `unreadable`: the error for a certificate that could not be read. If none is found, that one may be it. */
export function lookForCertificate(
  place: Place,
  value: Uint8Array,
): { readonly handle: Handle | undefined; readonly unreadable: AgentError | undefined } {
  let unreadable: AgentError | undefined;
  const handle = findOfClass(place, pkcs11js.CKO_CERTIFICATE).find((candidate) => {
    try {
      return readAttribute(place, candidate, pkcs11js.CKA_VALUE).equals(value);
    } catch (error) {
      if (!(error instanceof AgentError) || isOutOfOrder(error)) throw error;
      unreadable ??= error;
      return false;
    }
  });
  return { handle, unreadable };
}
