/** A certificate before it is written to the token: the host checks that it parses and whose key it certifies. */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { tbsCertificateOf } from '../../web-bridge/x509/tbs-certificate.ts';
import type { CertificateNames } from './templates.ts';

export type ReadCertificate = CertificateNames & { readonly value: Buffer; readonly publicKey: KeyObject };

/** OpenSC writes a value that does not parse and can then neither read nor delete it. @throws AgentError ERR_CERTIFICATE_UNREADABLE */
export function readCertificate(der: Uint8Array): ReadCertificate {
  const value = Buffer.from(der);
  try {
    const { publicKey, raw } = new X509Certificate(value);
    if (!raw.equals(value)) throw new SyntaxError('bytes after the certificate');
    return { value, publicKey, ...namesOf(value) };
  } catch (error) {
    throw new AgentError('ERR_CERTIFICATE_UNREADABLE', {}, error);
  }
}

function namesOf(value: Buffer): CertificateNames {
  const { serialNumber, issuer, subject } = tbsCertificateOf(value);
  if (!serialNumber || !issuer || !subject) throw new SyntaxError('not a TBSCertificate');
  return { serialNumber: serialNumber.raw, issuer: issuer.raw, subject: subject.raw };
}

/** No module checks that a certificate belongs to the key. @throws AgentError ERR_CERTIFICATE_KEY_MISMATCH */
export function assertBelongs({ publicKey }: ReadCertificate, spki: Uint8Array): void {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  if (!publicKey.equals(key)) throw new AgentError('ERR_CERTIFICATE_KEY_MISMATCH');
}
