/**
 * Path validation (RFC 5280 §6.1) from a certificate to one of the given trust anchors. OpenSSL verifies the signatures,
 * through node:crypto. The rest is here because no library that we know does it all: pkijs does not look at
 * pathLenConstraint, the chain builder of @peculiar/x509 validates nothing, and node:crypto has no path validation.
 *
 * Not done: revocation, since the certificate was just issued; and certificate policies other than "any policy". A CA
 * certificate with critical policyConstraints is refused, as one with an unknown critical extension (§4.2).
 */
import { AgentError } from '../protocol/errors.ts';
import { basicConstraints, EXTENSION, keyUsages, type ParsedCertificate } from './certificate.ts';
import { keepsWithin, type NameConstraints, nameConstraints } from './name-constraints.ts';
import { sameName } from './names.ts';
import { weakKey, weakSignature } from './strength.ts';

/** Clocks differ, and CAs date certificates back by up to 60 minutes. */
export const CLOCK_SKEW_MS = 5 * 60_000;
const MAX_PATH = 8;
const MAX_SIGNATURES = 64;

export type PathRequest = {
  readonly leaf: ParsedCertificate;
  /** Untrusted, in any order. */
  readonly intermediates: readonly ParsedCertificate[];
  readonly anchors: readonly ParsedCertificate[];
  /** Milliseconds since 1970. */
  readonly now: number;
};

/**
 * The issuers of a leaf: its own first, the trust anchor last.
 * @throws AgentError ERR_CERTIFICATE_UNTRUSTED with `reason`, and the serial number of the certificate at fault as `at`
 */
export function validatePath(request: PathRequest): readonly ParsedCertificate[] {
  const search = { ...request, signatures: { left: MAX_SIGNATURES } };
  let refusal: PathRefusal = { reason: 'no-path', at: request.leaf.serialNumber };
  for (const path of pathsFrom(request.leaf, search, [])) {
    const found = judge([request.leaf, ...path], request.now);
    if (!found) return path;
    refusal = found;
  }
  throw new AgentError('ERR_CERTIFICATE_UNTRUSTED', refusal);
}

type PathRefusal = { readonly reason: string; readonly at: string };
type Search = PathRequest & { readonly signatures: { left: number } };

/** All paths upwards by name and signature, the shortest first. Bounded, since a stranger chose the certificates. */
function* pathsFrom(
  child: ParsedCertificate,
  search: Search,
  below: readonly ParsedCertificate[],
): Generator<ParsedCertificate[]> {
  for (const anchor of search.anchors) if (issued(anchor, child, search)) yield [anchor];
  if (below.length >= MAX_PATH) return;
  const used = [...below, child];
  for (const ca of search.intermediates) {
    if (used.some((other) => isSameKeyAndName(other, ca)) || !issued(ca, child, search)) continue;
    for (const above of pathsFrom(ca, search, used)) yield [ca, ...above];
  }
}

function isSameKeyAndName(one: ParsedCertificate, other: ParsedCertificate): boolean {
  return Buffer.compare(one.spki, other.spki) === 0 && Buffer.compare(one.subject, other.subject) === 0;
}

/** §6.1.3 (a) 1 and 4: name chaining and the signature. */
function issued(issuer: ParsedCertificate, child: ParsedCertificate, { signatures }: Search): boolean {
  try {
    if (!sameName(issuer.subject, child.issuer) || signatures.left === 0) return false;
    signatures.left -= 1;
    return child.x509.verify(issuer.x509.publicKey);
  } catch {
    return false; // a CA whose name or key cannot be read is no issuer
  }
}

/** The state variables of §6.1.2. */
type Working = { maxPathLength: number; readonly constraints: NameConstraints[] };

/** Goes down from the trust anchor and answers the first fault. */
function judge(path: readonly ParsedCertificate[], now: number): PathRefusal | undefined {
  const working: Working = { maxPathLength: Number.POSITIVE_INFINITY, constraints: [] };
  for (const [index, certificate] of path.toReversed().entries()) {
    const role = index === path.length - 1 ? 'leaf' : index === 0 ? 'anchor' : 'intermediate';
    const reason = reasonAgainst(certificate, role, working, now);
    if (reason) return { reason, at: certificate.serialNumber };
  }
  return undefined;
}

type Role = 'anchor' | 'intermediate' | 'leaf';

function reasonAgainst(certificate: ParsedCertificate, role: Role, working: Working, now: number): string | undefined {
  try {
    const basic = basicReason(certificate, role, working, now);
    return basic ?? (role === 'leaf' ? undefined : issuerReason(certificate, role, working));
  } catch {
    return 'malformed';
  }
}

/**
 * §6.1.3, and what §6.1.5 has in common with §6.1.4. A trust anchor's own signature proves nothing, so a weak one is
 * accepted.
 */
function basicReason(certificate: ParsedCertificate, role: Role, working: Working, now: number): string | undefined {
  if (certificate.notBefore.getTime() > now + CLOCK_SKEW_MS) return 'not-yet-valid';
  if (certificate.notAfter.getTime() < now - CLOCK_SKEW_MS) return 'expired';
  if (weakKey(certificate) !== undefined) return 'weak-key';
  if (role !== 'anchor' && weakSignature(certificate) !== undefined) return 'weak-signature';
  if (hasUnknownCritical(certificate)) return 'unknown-critical-extension';
  if (role === 'anchor' || (role === 'intermediate' && isSelfIssued(certificate))) return undefined;
  return working.constraints.every((one) => keepsWithin(certificate, one)) ? undefined : 'name-constraints';
}

/** §6.1.4 (g) and (k) to (n), for the trust anchor too (RFC 5937). */
function issuerReason(certificate: ParsedCertificate, role: Role, working: Working): string | undefined {
  const constraints = basicConstraints(certificate);
  if (!constraints?.cA) return 'not-a-ca';
  const usage = keyUsages(certificate);
  if (usage && !usage('keyCertSign')) return 'no-key-cert-sign';
  if (role === 'intermediate' && !isSelfIssued(certificate)) {
    if (working.maxPathLength === 0) return 'path-too-long';
    working.maxPathLength -= 1;
  }
  working.maxPathLength = Math.min(working.maxPathLength, constraints.pathLength ?? Number.POSITIVE_INFINITY);
  const names = nameConstraints(certificate);
  if (names) working.constraints.push(names);
  return undefined;
}

export function isSelfIssued({ subject, issuer }: ParsedCertificate): boolean {
  return sameName(subject, issuer);
}

/** Extensions that are processed here, and those of policies: where any policy is accepted, they cannot refuse a path. */
const KNOWN: ReadonlySet<string> = new Set(Object.values(EXTENSION));

function hasUnknownCritical({ extensions }: ParsedCertificate): boolean {
  return [...extensions].some(([oid, { critical }]) => critical && !KNOWN.has(oid));
}
