/** What the host must know of a certificate before it writes it: that it parses, whose key it is, what it is called. */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { type Element, readSequence, TAG } from './der.ts';
import type { CertificateNames } from './templates.ts';

export type ReadCertificate = CertificateNames & { readonly value: Buffer; readonly publicKey: KeyObject };

/** OpenSC writes a value that does not parse and can then neither read nor delete it. @throws AgentError ERR_CERTIFICATE_UNREADABLE */
export function readCertificate(der: Uint8Array): ReadCertificate {
  const value = Buffer.from(der);
  try {
    const { publicKey, raw } = new X509Certificate(value);
    if (!raw.equals(value)) throw new Error('bytes after the certificate');
    return { value, publicKey, ...namesOf(value) };
  } catch (error) {
    throw new AgentError('ERR_CERTIFICATE_UNREADABLE', {}, error);
  }
}

/** TBSCertificate (RFC 5280 §4.1): [version], serialNumber, signature, issuer, validity, subject, … */
function namesOf(value: Buffer): CertificateNames {
  const [tbs] = readSequence(value) ?? [];
  const elements = tbs && readSequence(tbs.whole);
  const [serialNumber, , issuer, , subject] =
    elements?.[0]?.tag === TAG.CONTEXT_0 ? elements.slice(1) : (elements ?? []);
  if (!serialNumber || !issuer || !subject) throw new Error('not a TBSCertificate');
  return { serialNumber: serialNumber.whole, issuer: issuer.whole, subject: subject.whole };
}

/** No module checks that a certificate belongs to the key. @throws AgentError ERR_CERTIFICATE_KEY_MISMATCH */
export function assertBelongs({ publicKey }: ReadCertificate, spki: Uint8Array): void {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  if (!publicKey.equals(key)) throw new AgentError('ERR_CERTIFICATE_KEY_MISMATCH');
}

/**
 * Whether `info` is a CertificationRequestInfo (RFC 2986 §4.1) for exactly this key: INTEGER 0, a Name, the key's SPKI,
 * attributes, and nothing more. Whatever else could be signed, a log-in or a payment, does not look so.
 */
export function isRequestInfoFor(info: Uint8Array, spki: Uint8Array): boolean {
  const elements = readSequence(info);
  if (elements?.length !== 4) return false;
  const [version, subject, key, attributes] = elements as [Element, Element, Element, Element];
  return (
    Buffer.from(version.whole).equals(Buffer.from([TAG.INTEGER, 1, 0])) &&
    subject.tag === TAG.SEQUENCE &&
    Buffer.from(key.whole).equals(spki) &&
    attributes.tag === TAG.CONTEXT_0
  );
}
