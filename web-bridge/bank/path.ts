/** Path validation of a customer's certificate at log-in (RFC 5280 §6.1), against the bank's own issuers only. */
import { X509Certificate } from 'node:crypto';
import type { LoginRefusalReason } from './login.ts';

/** id-kp-clientAuth, RFC 5280 §4.2.1.12. */
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/** Why the certificate does not log in; `undefined` when it does. */
export async function validateClientPath(
  certificate: X509Certificate,
  issuers: readonly string[],
  at: Date,
): Promise<LoginRefusalReason | undefined> {
  if (at < new Date(certificate.validFrom)) return 'certificate-not-yet-valid';
  if (at > new Date(certificate.validTo)) return 'certificate-expired';
  if (certificate.ca || !certificate.keyUsage?.includes(CLIENT_AUTH)) return 'certificate-purpose';
  const issued = issuers.some((pem) => isIssuedBy(certificate, new X509Certificate(pem), at));
  return issued ? undefined : 'certificate-untrusted';
}

/** Customers' certificates come from the anchor itself: one step, so the path has no intermediate to check. */
function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate, at: Date): boolean {
  if (!issuer.ca || at > new Date(issuer.validTo)) return false;
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
