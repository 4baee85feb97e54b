/** Selects the tokens that a bank accepts, and the certificates that the bank's CA issued to its customers. */
import type { TokenMatch } from '../../native-config/schema.ts';
import type { CertificateDer } from '../../web-bridge/asn1/der.ts';
import type { CertificateReference } from '../../web-bridge/protocol/order.ts';
import {
  basicConstraints,
  fromPem,
  type ParsedCertificate,
  parseCertificate,
} from '../../web-bridge/x509/certificate.ts';
import { validatePath } from '../../web-bridge/x509/chain.ts';
import { sameName } from '../../web-bridge/x509/names.ts';

type Token = {
  readonly label: string;
  readonly manufacturer: string;
  readonly model: string;
};

/** Whether the bank's profile accepts this token. An empty list accepts every token. */
export function isAcceptable(token: Token, accepted: readonly TokenMatch[]): boolean {
  const matches = (match: TokenMatch) =>
    (match.label === undefined || match.label === token.label) &&
    (match.manufacturer === undefined || match.manufacturer === token.manufacturer) &&
    (match.model === undefined || match.model === token.model);
  return accepted.length === 0 || accepted.some(matches);
}

type Stored = { readonly certificate: CertificateDer };
export type CustomerCertificate<S extends Stored> = S & { readonly parsed: ParsedCertificate };

/**
 * The customers' certificates among `stored`, expired ones included; the one with the latest notAfter comes first. The CA's
 * signature is verified, because anybody can write a certificate that only bears the CA's name to a token.
 *
 * A certificate outside of its validity period is validated at a time within the period. If that fails, the signature alone
 * decides, because the CA's own certificate may have been renewed since.
 * @param issuers PEM, from the profile
 * @param now milliseconds since 1970
 */
export function customerCertificates<S extends Stored>(
  stored: readonly S[],
  issuers: readonly string[],
  now: number,
): CustomerCertificate<S>[] {
  const readable = stored.flatMap((one) => withParsed(one));
  const anchors = issuers.map((pem) => parseCertificate(fromPem(pem)));
  const intermediates = readable.map(({ parsed }) => parsed);
  const isCustomers = (leaf: ParsedCertificate): boolean => {
    const at = Math.min(Math.max(now, leaf.notBefore.getTime()), leaf.notAfter.getTime());
    const hasPath = () => validatePath({ leaf, intermediates, anchors, now: at }).length > 0;
    const signed = () => !isValidAt(leaf, now) && anchors.some((anchor) => hasIssued(anchor, leaf));
    return falseOnError(() => !basicConstraints(leaf)?.cA) && (falseOnError(hasPath) || falseOnError(signed));
  };
  return readable
    .filter(({ parsed }) => isCustomers(parsed))
    .sort((one, other) => other.parsed.notAfter.getTime() - one.parsed.notAfter.getTime());
}

function hasIssued(anchor: ParsedCertificate, leaf: ParsedCertificate): boolean {
  return sameName(anchor.subject, leaf.issuer) && leaf.x509.verify(anchor.x509.publicKey);
}

/** A certificate that cannot be parsed, or whose algorithm is too weak, is not accepted as this bank's. */
function falseOnError(test: () => boolean): boolean {
  try {
    return test();
  } catch {
    return false;
  }
}

/** Empty if the bytes are not a certificate: a token may store anything. */
function withParsed<S extends Stored>(stored: S): CustomerCertificate<S>[] {
  try {
    return [{ ...stored, parsed: parseCertificate(stored.certificate) }];
  } catch {
    return [];
  }
}

/** Whether the reference names this certificate. Issuer and serial number identify it (RFC 5280 §4.1.2.2). */
export function isNamed({ issuer, serialNumber }: ParsedCertificate, reference: CertificateReference): boolean {
  return Buffer.from(issuer).toString('base64') === reference.issuer && serialNumber === reference.serialNumber;
}

export function isValidAt({ notBefore, notAfter }: ParsedCertificate, now: number): boolean {
  return notBefore.getTime() <= now && now <= notAfter.getTime();
}
