/** A certificate on the token and its key pair. They are matched by value, by public key, and by the CKA_ID they share. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import pkcs11js, { type Handle } from 'pkcs11js';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { HostKeyReference } from '../token/host-protocol.ts';
import { type ReadCertificate, readCertificate } from './certificate.ts';
import { attributeIfAny, findCertificate, findOfClass, findUnder, numberIfAny, type Place } from './objects.ts';
import { publicHalf, publicHalfOf, publicHalfOfPrivate } from './public-half.ts';

/** How the key of a certificate on this token is found. @throws AgentError ERR_TOKEN_CERTIFICATE_MISSING */
export function referenceTo(place: Place, der: Uint8Array): HostKeyReference {
  const certificate = readCertificate(der);
  const handle = findCertificate(place, certificate.value);
  const half = publicHalfOf(spkiOf(certificate));
  if (!handle || !half) throw new AgentError('ERR_TOKEN_CERTIFICATE_MISSING');
  // Without a CKA_ID, the key is found by its public key: one zero octet is no object's CKA_ID.
  const ckaId = attributeIfAny(place, handle, pkcs11js.CKA_ID) ?? Buffer.alloc(1);
  return { ckaId, ...half };
}

export function spkiOf({ publicKey }: ReadCertificate): Buffer {
  return publicKey.export({ type: 'spki', format: 'der' });
}

export type Belongings = {
  readonly privateKeys: readonly Handle[];
  readonly publicKeys: readonly Handle[];
  readonly certificates: readonly Handle[];
  /** Objects of other classes under the CKA_ID. They are counted, never destroyed. */
  readonly unknown: readonly Handle[];
};

/** Everything on the token that belongs to the certificate, and nothing that is known to be another's. */
export function belongingsOf(place: Place, certificate: ReadCertificate, ckaId: Uint8Array | undefined): Belongings {
  const spki = spkiOf(certificate);
  const under = ckaId ? findUnder(place, ckaId) : [];
  const isUnder = (handle: Handle): boolean => under.some((other) => other.equals(handle));
  // A key that does not show its public half is known by the CKA_ID alone.
  const belongs = (handle: Handle, half: Buffer | undefined): boolean => (half ? half.equals(spki) : isUnder(handle));
  const privateKeys = findOfClass(place, pkcs11js.CKO_PRIVATE_KEY).filter((key) =>
    belongs(key, publicHalfOfPrivate(place, key)?.spki),
  );
  const publicKeys = findOfClass(place, pkcs11js.CKO_PUBLIC_KEY).filter((key) =>
    belongs(key, publicHalf(place, key)?.spki),
  );
  const certificates = findOfClass(place, pkcs11js.CKO_CERTIFICATE).filter((handle) =>
    attributeIfAny(place, handle, pkcs11js.CKA_VALUE)?.equals(certificate.value),
  );
  return { privateKeys, publicKeys, certificates, unknown: under.filter((handle) => !isKnown(place, handle)) };
}

const KNOWN: readonly (number | undefined)[] = [
  pkcs11js.CKO_PRIVATE_KEY,
  pkcs11js.CKO_PUBLIC_KEY,
  pkcs11js.CKO_CERTIFICATE,
];

function isKnown(place: Place, handle: Handle): boolean {
  return KNOWN.includes(numberIfAny(place, handle, pkcs11js.CKA_CLASS));
}

/**
 * Whether another certificate on the token has the same key. OpenSSL alone reads it here: a certificate that our strict
 * reader would refuse still needs its key.
 */
export function isShared(place: Place, certificate: ReadCertificate): boolean {
  return findOfClass(place, pkcs11js.CKO_CERTIFICATE).some((handle) => {
    const value = attributeIfAny(place, handle, pkcs11js.CKA_VALUE);
    return value !== undefined && !value.equals(certificate.value) && hasKey(value, certificate.publicKey);
  });
}

function hasKey(value: Buffer, key: KeyObject): boolean {
  try {
    return new X509Certificate(value).publicKey.equals(key);
  } catch {
    return false; // not a certificate
  }
}
