/** Of all that lies on tokens: the bank's own tokens, and the certificates that its CA issued to customers. */
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

/** Whether a token that is plugged in is one that this bank's profile accepts. */
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
 * The customers' certificates among `stored`, the longest valid first. Anybody can write a certificate that only bears the
 * CA's name onto a token, so the CA's signature counts. Expired ones are among them: what is out of its validity is judged at
 * a time within it, or by the signature alone, for the CA's own certificate may have been renewed since.
 * @param issuers PEM, the profile's
 */
export function customerCertificates<S extends Stored>(
  stored: readonly S[],
  issuers: readonly string[],
  now: number,
): CustomerCertificate<S>[] {
  const readable = stored.flatMap((one) => withParsed(one));
  const anchors = issuers.map((pem) => parseCertificate(fromPem(pem)));
  const intermediates = readable.map(({ parsed }) => parsed);
  const chains = (leaf: ParsedCertificate): boolean => {
    const at = Math.min(Math.max(now, leaf.notBefore.getTime()), leaf.notAfter.getTime());
    const hasPath = () => validatePath({ leaf, intermediates, anchors, now: at }).length > 0;
    const signed = () => !isValidAt(leaf, now) && anchors.some((anchor) => hasIssued(anchor, leaf));
    return isTrue(() => !basicConstraints(leaf)?.cA) && (isTrue(hasPath) || isTrue(signed));
  };
  return readable
    .filter(({ parsed }) => chains(parsed))
    .sort((one, other) => other.parsed.notAfter.getTime() - one.parsed.notAfter.getTime());
}

function hasIssued(anchor: ParsedCertificate, leaf: ParsedCertificate): boolean {
  return sameName(anchor.subject, leaf.issuer) && leaf.x509.verify(anchor.x509.publicKey);
}

/** What cannot be read, or is too weak to be judged, is not this bank's. */
function isTrue(question: () => boolean): boolean {
  try {
    return question();
  } catch {
    return false;
  }
}

/** A token may hold what is no certificate at all. */
function withParsed<S extends Stored>(stored: S): CustomerCertificate<S>[] {
  try {
    return [{ ...stored, parsed: parseCertificate(stored.certificate) }];
  } catch {
    return [];
  }
}

/** RFC 5280 §4.1.2.2: issuer and serial number name a certificate. */
export function isNamed({ issuer, serialNumber }: ParsedCertificate, reference: CertificateReference): boolean {
  return Buffer.from(issuer).toString('base64') === reference.issuer && serialNumber === reference.serialNumber;
}

export function isValidAt({ notBefore, notAfter }: ParsedCertificate, now: number): boolean {
  return notBefore.getTime() <= now && now <= notAfter.getTime();
}
