/** Path validation of a customer's certificate at log-in (RFC 5280 §6.1), against the bank's own issuers only. */

import { AgentError } from '../protocol/errors.ts';
import { fromPem, isForClients, type ParsedCertificate, parseCertificate } from '../x509/certificate.ts';
import { validatePath } from '../x509/chain.ts';

export type PathRefusalReason =
  | 'certificate-unreadable'
  | 'certificate-expired'
  | 'certificate-not-yet-valid'
  | 'certificate-purpose'
  | 'certificate-untrusted';

/** The reason why the certificate cannot be used to log in; `undefined` if it can. */
export function validateClientPath(
  leaf: ParsedCertificate,
  issuers: readonly string[],
  at: Date,
): PathRefusalReason | undefined {
  if (at < leaf.notBefore) return 'certificate-not-yet-valid';
  if (at > leaf.notAfter) return 'certificate-expired';
  const anchors = issuers.map((pem) => parseCertificate(fromPem(pem)));
  try {
    if (!isForClients(leaf)) return 'certificate-purpose';
    validatePath({ leaf, intermediates: [], anchors, now: at.getTime() });
    return undefined;
  } catch (error) {
    // Path validation refuses by an AgentError. Any other error is of the parser, which could not read an extension.
    return error instanceof AgentError ? 'certificate-untrusted' : 'certificate-unreadable';
  }
}
