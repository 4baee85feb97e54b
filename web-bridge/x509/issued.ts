/** Checks the CA's answer before anything is written to the token: it must hold the certificate that was ordered. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { CertificateDer, SpkiDer } from '../asn1/der.ts';
import { AgentError, asAgentError, type ErrorCode, type ErrorDetails } from '../protocol/errors.ts';
import type { AcquisitionClaims } from '../protocol/order.ts';
import {
  basicConstraints,
  EXTENDED_KEY_USAGE_OID,
  extendedKeyUsages,
  fromPem,
  keyUsages,
  type ParsedCertificate,
  parseCertificate,
} from './certificate.ts';
import { CLOCK_SKEW_MS, isSelfIssued, validatePath } from './chain.ts';
import { isOrderedSubject, type OrderedAttribute, sameName, sameRdns } from './names.ts';
import { weakKey, weakSignature } from './strength.ts';

/** What the plan says of the certificate. */
export type OrderedCertificate = {
  readonly subject: readonly OrderedAttribute[];
  readonly rdnOrder: 'as-ordered' | 'any';
  readonly extensions: AcquisitionClaims['extensions'];
  /** PEM: the trust anchors. */
  readonly issuers: readonly string[];
};

export type IssuedAnswer = {
  /** As in the answer: in any order, with duplicates and with certificates for other keys. */
  readonly certificates: readonly CertificateDer[];
  readonly cacerts: readonly CertificateDer[];
  /** The CA's clock (HTTP `Date`): with it, support can see that this machine's clock is wrong. */
  readonly date: Date | undefined;
  readonly plan: OrderedCertificate;
  readonly spki: SpkiDer;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** In a re-enrollment, the certificate to be replaced: the subject must stay the same. */
  readonly previous?: CertificateDer | undefined;
};

export type IssuedCertificate = {
  readonly certificate: CertificateDer;
  /** Its issuer first, then upwards to the trust anchor and beyond it. */
  readonly chain: readonly CertificateDer[];
  /** Whether the chain ends in a self-signed certificate. */
  readonly chainComplete: boolean;
  /** Serial numbers of the other certificates in the answer that are for the same key. */
  readonly otherSerialNumbers: readonly string[];
};

/**
 * Finds our certificate in the answer and checks it. If several are for our key, the newest that passes is taken.
 * @throws AgentError ERR_CERTIFICATE_*, with the `serialNumber` of the certificate that was refused
 */
export function checkIssued(answer: IssuedAnswer): IssuedCertificate {
  const readable = answer.certificates.flatMap(parseOrSkip);
  const ours = distinct(readable.filter((one) => isFor(one, answer.spki)));
  if (ours.length === 0) throw noneOfOurs(answer, readable);
  ours.sort((one, other) => other.notBefore.getTime() - one.notBefore.getTime());
  const refusals: AgentError[] = [];
  for (const leaf of ours) {
    try {
      const others = ours.filter((one) => one !== leaf).map(({ serialNumber }) => serialNumber);
      return { ...accept(leaf, answer, readable), otherSerialNumbers: others };
    } catch (error) {
      refusals.push(asAgentError(error));
    }
  }
  throw refusals[0] ?? new AgentError('ERR_INTERNAL_FAILED');
}

/** A certificate that cannot be read may be ours. Then the error says so, and not that the key differs. */
function noneOfOurs({ certificates }: IssuedAnswer, readable: readonly ParsedCertificate[]): AgentError {
  if (readable.length < certificates.length) {
    return new AgentError('ERR_CERTIFICATE_UNREADABLE', { unreadable: certificates.length - readable.length });
  }
  const stranger = readable.find((one) => !isCa(one)) ?? readable[0];
  return new AgentError('ERR_CERTIFICATE_KEY_MISMATCH', stranger ? { serialNumber: stranger.serialNumber } : {});
}

function parseOrSkip(der: CertificateDer): ParsedCertificate[] {
  try {
    return [parseCertificate(der)];
  } catch {
    return []; // counted by noneOfOurs
  }
}

function distinct(certificates: readonly ParsedCertificate[]): ParsedCertificate[] {
  return [...new Map(certificates.map((one) => [Buffer.from(one.der).toString('latin1'), one])).values()];
}

/** Compares keys, not bytes: one key may be encoded in two ways (RFC 3279 §2.3.1, with parameters or without). */
function isFor({ spki }: ParsedCertificate, ours: SpkiDer): boolean {
  if (Buffer.compare(spki, ours) === 0) return true;
  try {
    return keyOf(spki).equals(keyOf(ours));
  } catch {
    return false; // a key that OpenSSL does not know is not ours
  }
}

function keyOf(spki: SpkiDer): KeyObject {
  return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
}

function accept(
  leaf: ParsedCertificate,
  answer: IssuedAnswer,
  readable: readonly ParsedCertificate[],
): Omit<IssuedCertificate, 'otherSerialNumbers'> {
  const fault = faultOf(leaf, answer);
  if (fault) throw new AgentError(fault.code, { ...fault.details, serialNumber: leaf.serialNumber });
  const cacerts = answer.cacerts.flatMap(parseOrSkip);
  const intermediates = distinct([...readable, ...cacerts]).filter((one) => one.der !== leaf.der);
  const anchors = answer.plan.issuers.map((pem) => parseCertificate(fromPem(pem)));
  const path = pathOf(leaf, { intermediates, anchors, now: answer.now });
  const chain = [...path, ...above(path.at(-1) ?? leaf, intermediates, answer.now)];
  const top = chain.at(-1) ?? leaf;
  return { certificate: leaf.der, chain: chain.map(({ der }) => der), chainComplete: isSelfIssued(top) };
}

type PathInput = Omit<Parameters<typeof validatePath>[0], 'leaf'>;

function pathOf(leaf: ParsedCertificate, input: PathInput): readonly ParsedCertificate[] {
  try {
    return validatePath({ leaf, ...input });
  } catch (error) {
    const { code, details } = asAgentError(error);
    throw new AgentError(code, { ...details, serialNumber: leaf.serialNumber }, error);
  }
}

/** The trust anchor may be an issuing CA. Whoever checks the chain elsewhere then needs the root as well. */
function above(
  anchor: ParsedCertificate,
  known: readonly ParsedCertificate[],
  now: number,
): readonly ParsedCertificate[] {
  if (isSelfIssued(anchor)) return [];
  try {
    const roots = known.filter((one) => isCa(one) && isSelfIssued(one));
    return validatePath({ leaf: anchor, intermediates: known, anchors: roots, now });
  } catch {
    return []; // the chain is then not complete; trust does not depend on it
  }
}

type Fault = { readonly code: ErrorCode; readonly details?: ErrorDetails };

/** The first check that fails. */
function faultOf(leaf: ParsedCertificate, answer: IssuedAnswer): Fault | undefined {
  try {
    const weak = weakSignature(leaf) ?? weakKey(leaf);
    if (weak !== undefined) return { code: 'ERR_CERTIFICATE_WEAK', details: { algorithm: weak } };
    if (claimsCa(leaf)) return { code: 'ERR_CERTIFICATE_IS_CA' };
    const missing = missingUsage(leaf, answer.plan);
    if (missing) return { code: 'ERR_CERTIFICATE_USAGE_MISMATCH', details: { missing } };
    if (!hasSubject(leaf, answer)) return { code: 'ERR_CERTIFICATE_SUBJECT_MISMATCH' };
    return validityFault(leaf, answer);
  } catch {
    return { code: 'ERR_CERTIFICATE_UNREADABLE' };
  }
}

/** @throws SyntaxError */
function claimsCa(certificate: ParsedCertificate): boolean {
  return (basicConstraints(certificate)?.cA ?? false) || (keyUsages(certificate)?.('keyCertSign') ?? false);
}

function isCa(certificate: ParsedCertificate): boolean {
  try {
    return claimsCa(certificate);
  } catch {
    return false;
  }
}

/** The extensions must be there: a certificate without them allows every usage, and that was not ordered. */
function missingUsage(leaf: ParsedCertificate, { extensions }: OrderedCertificate): string | undefined {
  const usage = keyUsages(leaf);
  const extended = extendedKeyUsages(leaf);
  return (
    extensions.keyUsage.find((name) => !usage?.(name)) ??
    extensions.extendedKeyUsage.find((name) => !extended.includes(EXTENDED_KEY_USAGE_OID[name]))
  );
}

function hasSubject(leaf: ParsedCertificate, { plan, previous }: IssuedAnswer): boolean {
  if (!isOrderedSubject(leaf.subject, plan.subject, plan.rdnOrder)) return false;
  if (!previous) return true;
  const before = parseCertificate(previous).subject;
  return plan.rdnOrder === 'any' ? sameRdns(leaf.subject, before) : sameName(leaf.subject, before);
}

function validityFault({ notBefore, notAfter }: ParsedCertificate, { now, date }: IssuedAnswer): Fault | undefined {
  const off = date ? Math.round((now - date.getTime()) / 60_000) : 0;
  const details: ErrorDetails = Math.abs(off) * 60_000 > CLOCK_SKEW_MS ? { clockOffMinutes: off } : {};
  if (notBefore.getTime() > now + CLOCK_SKEW_MS) {
    return { code: 'ERR_CERTIFICATE_NOT_YET_VALID', details: { ...details, notBefore: notBefore.toISOString() } };
  }
  if (notAfter.getTime() < now - CLOCK_SKEW_MS) {
    return { code: 'ERR_CERTIFICATE_EXPIRED', details: { ...details, notAfter: notAfter.toISOString() } };
  }
  return undefined;
}
