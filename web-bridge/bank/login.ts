/** Verifies the log-in answer (a Web eID authentication token) on the bank's server. Specification: `LOGIN.md`. */
import { constants, createHash, type KeyObject, randomBytes, verify, type X509Certificate } from 'node:crypto';
import * as v from 'valibot';
import { asDer, type CertificateDer } from '../asn1/der.ts';
import { METHODS } from '../protocol/methods.ts';
import type { CertificateReference } from '../protocol/order.ts';
import { CURVE, type Hash } from '../x509/algorithms.ts';
import { type ParsedCertificate, parseCertificate } from '../x509/certificate.ts';
import { type PathRefusalReason, validateClientPath } from './path.ts';

/** The schema of the answer. It allows no unknown member, so nothing unverified comes with it. */
export const loginAnswer = METHODS.authenticate.result;
export type LoginAnswer = v.InferOutput<typeof loginAnswer>;

export type LoginRefusalReason =
  | 'answer-malformed'
  | 'algorithm-unknown'
  | 'key-does-not-fit-algorithm'
  | 'signature-invalid'
  | PathRefusalReason
  | 'certificate-revoked';

export class LoginRefused extends Error {
  override readonly name = 'LoginRefused';
  readonly reason: LoginRefusalReason;

  constructor(reason: LoginRefusalReason, cause?: unknown) {
    super(`The log-in is refused: ${reason}`, cause === undefined ? {} : { cause });
    this.reason = reason;
  }
}

type Algorithm = {
  readonly hash: Hash;
  readonly fits: (key: KeyObject) => boolean;
  readonly options: object;
};

const onCurve = (curve: keyof typeof CURVE) => (key: KeyObject) =>
  key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === CURVE[curve].openssl;
const rsa = (key: KeyObject): boolean =>
  key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
/** ECDSA comes as r‖s (RFC 7518 §3.4). */
const RAW = { dsaEncoding: 'ieee-p1363' } as const;
const PKCS1 = { padding: constants.RSA_PKCS1_PADDING } as const;
/** RFC 7518 §3.5: the salt is as long as the hash. */
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } as const;

/** RFC 7518 §3.3–3.5. There are more than our key types need, because other Web eID applications make log-in answers too. */
const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  ES256: { hash: 'sha256', fits: onCurve('p256'), options: RAW },
  ES384: { hash: 'sha384', fits: onCurve('p384'), options: RAW },
  ES512: { hash: 'sha512', fits: onCurve('p521'), options: RAW },
  PS256: { hash: 'sha256', fits: rsa, options: PSS },
  PS384: { hash: 'sha384', fits: rsa, options: PSS },
  PS512: { hash: 'sha512', fits: rsa, options: PSS },
  RS256: { hash: 'sha256', fits: rsa, options: PKCS1 },
  RS384: { hash: 'sha384', fits: rsa, options: PKCS1 },
  RS512: { hash: 'sha512', fits: rsa, options: PKCS1 },
};

/** 256 random bits as 44 base64 characters. The caller binds it to the browser session, and removes it when an answer comes. */
export function createNonce(): string {
  return randomBytes(32).toString('base64');
}

/** Makes an `isRevoked` from the bank's own list, which has issuer and serial number, as an order names a certificate. */
export function revokedBy(list: readonly CertificateReference[]): (certificate: X509Certificate) => boolean {
  const revoked = new Set(list.map(nameOfReference));
  return (certificate) => revoked.has(nameOfReference(referenceTo(certificate)));
}

/** The name of this certificate in an order, and in the bank's list (RFC 5280 §4.1.2.2, §4.1.2.4). */
export function referenceTo({ raw }: X509Certificate): CertificateReference {
  const { issuer, serialNumber } = parseCertificate(asDer<CertificateDer>(new Uint8Array(raw)));
  return { issuer: Buffer.from(issuer).toString('base64'), serialNumber };
}

function nameOfReference({ issuer, serialNumber }: CertificateReference): string {
  return `${issuer} ${serialNumber}`;
}

export type LoginExpectation = {
  /** The server's own origin, as browsers write it. */
  readonly origin: string;
  /** The nonce of this session. The caller has removed it from the session already, whatever the result will be. */
  readonly nonce: string;
  /** The trust anchors: PEM certificates of the CAs that issue to customers. Never take them from the answer. */
  readonly issuers: readonly string[];
  /** There is no default: a bank without revocation must say so in its own code. */
  readonly isRevoked: (certificate: X509Certificate) => boolean | Promise<boolean>;
  readonly at?: Date;
};

/**
 * Returns the certificate whose holder logged in. The caller looks up the account by issuer and serial number.
 * @throws LoginRefused
 */
export async function verifyLogin(answer: unknown, expected: LoginExpectation): Promise<X509Certificate> {
  const { unverifiedCertificate, algorithm, signature } = parseAnswer(answer);
  const parsed = readCertificate(unverifiedCertificate);
  const certificate = parsed.x509;
  verifySignature(certificate.publicKey, algorithm, signature, expected);
  const refusal = validateClientPath(parsed, expected.issuers, expected.at ?? new Date());
  if (refusal) throw new LoginRefused(refusal);
  if (await expected.isRevoked(certificate)) throw new LoginRefused('certificate-revoked');
  return certificate;
}

function parseAnswer(answer: unknown): LoginAnswer {
  const result = v.safeParse(loginAnswer, answer);
  if (!result.success) throw new LoginRefused('answer-malformed');
  return result.output;
}

function readCertificate(base64: string): ParsedCertificate {
  try {
    return parseCertificate(asDer<CertificateDer>(new Uint8Array(Buffer.from(base64, 'base64'))));
  } catch (error) {
    throw new LoginRefused('certificate-unreadable', error);
  }
}

function verifySignature(key: KeyObject, name: string, signature: string, expected: LoginExpectation): void {
  const algorithm = Object.hasOwn(ALGORITHMS, name) ? ALGORITHMS[name] : undefined;
  if (!algorithm) throw new LoginRefused('algorithm-unknown');
  if (!algorithm.fits(key)) throw new LoginRefused('key-does-not-fit-algorithm');
  const signed = signedValue(algorithm.hash, expected.origin, expected.nonce);
  const valid = verify(algorithm.hash, signed, { key, ...algorithm.options }, Buffer.from(signature, 'base64'));
  if (!valid) throw new LoginRefused('signature-invalid');
}

/** hash(origin) ‖ hash(nonce). The signature algorithm hashes this value once more. */
function signedValue(hash: Algorithm['hash'], origin: string, nonce: string): Buffer {
  const digest = (text: string) => createHash(hash).update(text, 'utf8').digest();
  return Buffer.concat([digest(origin), digest(nonce)]);
}
