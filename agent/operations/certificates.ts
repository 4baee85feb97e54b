/** The certificates of a bank's customers on a token that is plugged in. */
import { customerCertificates } from '../policy/customer-certificates.ts';
import type { Ports } from '../ports/ports.ts';
import type { CertificateAtHand, TokenDescription } from '../ports/token.ts';

/**
 * Expired certificates are included. The one with the latest notAfter comes first.
 * @param issuers PEM, from the bank's profile
 */
export async function certificatesOn(
  token: TokenDescription,
  issuers: readonly string[],
  { tokens, clock }: Pick<Ports, 'tokens' | 'clock'>,
  signal: AbortSignal,
): Promise<CertificateAtHand[]> {
  const stored = await tokens.certificates(token, signal);
  return customerCertificates(stored, issuers, clock.now()).map(({ parsed }) => ({ token, parsed }));
}
