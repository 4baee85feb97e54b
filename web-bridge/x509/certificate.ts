/** Reads certificates (RFC 5280 §4.1) strictly: our reader and OpenSSL must both accept one. */
import { X509Certificate } from 'node:crypto';
import { asDer, type CertificateDer, type NameDer, type SpkiDer } from '../asn1/der.ts';
import {
  expect,
  readBoolean,
  readCount,
  readOid,
  readTime,
  readTlv,
  readUnsigned,
  sequence,
  TAG,
  type Tlv,
} from '../asn1/read.ts';
import { AgentError } from '../protocol/errors.ts';
import type { AcquisitionClaims, KeyType } from '../protocol/order.ts';
import { displayName, parseName } from './names.ts';
import { keyTypeOf } from './public-key.ts';
import { readTbsCertificate } from './tbs-certificate.ts';

export type Extension = { readonly critical: boolean; readonly value: Uint8Array };

export type ParsedCertificate = {
  readonly der: CertificateDer;
  readonly version: number;
  /** Hexadecimal, without the sign octet. */
  readonly serialNumber: string;
  readonly signatureAlgorithm: Tlv;
  readonly issuer: NameDer;
  readonly subject: NameDer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly spki: SpkiDer;
  /** By OID. */
  readonly extensions: ReadonlyMap<string, Extension>;
  /** As OpenSSL reads it: verifies signatures. */
  readonly x509: X509Certificate;
};

const EXTENSIONS = 0xa3;

/** @throws AgentError ERR_CERTIFICATE_UNREADABLE */
export function parseCertificate(der: CertificateDer): ParsedCertificate {
  try {
    return parse(der);
  } catch (error) {
    throw new AgentError('ERR_CERTIFICATE_UNREADABLE', { bytes: der.length }, error);
  }
}

function parse(der: CertificateDer): ParsedCertificate {
  const [tbs, algorithm, signature, ...rest] = sequence(readTlv(der));
  expect(signature, TAG.bitString);
  const fields = readTbsCertificate(tbs);
  const version = fields.version ? readCount(readTlv(fields.version.value)) + 1 : 1;
  const signatureAlgorithm = expect(algorithm, TAG.sequence);
  // §4.1.1.2: the signed part must name the same algorithm as the signature.
  if (!fields.signature || Buffer.compare(fields.signature.raw, signatureAlgorithm.raw) !== 0)
    throw new SyntaxError('two algorithms');
  if (rest.length > 0 || version > 3) throw new SyntaxError('not a certificate');
  const [notBefore, notAfter] = sequence(fields.validity);
  return {
    der,
    version,
    serialNumber: serialNumberOf(fields.serialNumber),
    signatureAlgorithm,
    issuer: nameOf(fields.issuer),
    subject: nameOf(fields.subject),
    notBefore: readTime(notBefore),
    notAfter: readTime(notAfter),
    spki: asDer<SpkiDer>(Uint8Array.from(expect(fields.subjectPublicKeyInfo, TAG.sequence).raw)),
    extensions: extensionsOf(fields.optional.find(({ tag }) => tag === EXTENSIONS)),
    x509: new X509Certificate(der),
  };
}

/** Read here once, so that the names of a parsed certificate can always be compared and shown. */
function nameOf(tlv: Tlv | undefined): NameDer {
  const name = asDer<NameDer>(Uint8Array.from(expect(tlv, TAG.sequence).raw));
  parseName(name);
  return name;
}

/** §4.1.2.2: positive and at most 20 octets. */
function serialNumberOf(tlv: Tlv | undefined): string {
  const octets = readUnsigned(tlv);
  if (octets.length > 20) throw new SyntaxError('serial number too long');
  return Buffer.from(octets).toString('hex');
}

function extensionsOf(explicit: Tlv | undefined): Map<string, Extension> {
  const found = new Map<string, Extension>();
  if (!explicit) return found;
  for (const extension of sequence(readTlv(explicit.value))) {
    const [oid, ...fields] = sequence(extension);
    const id = readOid(oid);
    // §4.2: not more than one instance of an extension.
    if (found.has(id)) throw new SyntaxError('an extension twice');
    const critical = fields[0]?.tag === TAG.boolean && readBoolean(fields.shift());
    found.set(id, { critical, value: expect(fields[0], TAG.octetString).value });
  }
  return found;
}

export const EXTENSION = {
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  certificatePolicies: '2.5.29.32',
  policyMappings: '2.5.29.33',
  extKeyUsage: '2.5.29.37',
  inhibitAnyPolicy: '2.5.29.54',
} as const;

/** RFC 5280 §4.2.1.9. `undefined` where the extension is absent. @throws SyntaxError */
export function basicConstraints(
  certificate: ParsedCertificate,
): { readonly cA: boolean; readonly pathLength: number | undefined } | undefined {
  const extension = certificate.extensions.get(EXTENSION.basicConstraints);
  if (!extension) return undefined;
  const fields = sequence(readTlv(extension.value));
  const cA = fields[0]?.tag === TAG.boolean && readBoolean(fields.shift());
  return { cA, pathLength: fields.length > 0 ? readCount(fields[0]) : undefined };
}

/** The numbers of the bits (RFC 5280 §4.2.1.3). */
export const KEY_USAGE_BIT = { digitalSignature: 0, nonRepudiation: 1, keyCertSign: 5 } as const;

/** `undefined` where the extension is absent: then the key may be used for anything. @throws SyntaxError */
export function keyUsages(
  certificate: ParsedCertificate,
): ((usage: keyof typeof KEY_USAGE_BIT) => boolean) | undefined {
  const extension = certificate.extensions.get(EXTENSION.keyUsage);
  if (!extension) return undefined;
  const { value } = expect(readTlv(extension.value), TAG.bitString);
  return (usage) => ((value[1] ?? 0) & (0x80 >> KEY_USAGE_BIT[usage])) !== 0;
}

/** RFC 5280 §4.2.1.12. @throws SyntaxError */
export function extendedKeyUsages(certificate: ParsedCertificate): string[] {
  const extension = certificate.extensions.get(EXTENSION.extKeyUsage);
  return extension ? sequence(readTlv(extension.value)).map(readOid) : [];
}

/** RFC 5280 §4.2.1.12. */
export const EXTENDED_KEY_USAGE_OID = {
  clientAuth: '1.3.6.1.5.5.7.3.2',
  emailProtection: '1.3.6.1.5.5.7.3.4',
} as const satisfies Record<AcquisitionClaims['extensions']['extendedKeyUsage'][number], string>;

/** Whether its key may log its holder in: it is no CA's, signs, and is for TLS clients. @throws SyntaxError */
export function isForClients(certificate: ParsedCertificate): boolean {
  if (basicConstraints(certificate)?.cA) return false;
  const signs = keyUsages(certificate)?.('digitalSignature') ?? true;
  return signs && extendedKeyUsages(certificate).includes(EXTENDED_KEY_USAGE_OID.clientAuth);
}

export type CertificateDescription = {
  /** As text, in the order of the encoding. */
  readonly subject: string;
  readonly issuer: string;
  readonly issuerDer: NameDer;
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly spki: SpkiDer;
  /** `undefined` for a key of a type that we do not use. */
  readonly keyType: KeyType | undefined;
  readonly isCa: boolean;
};

/** @throws AgentError ERR_CERTIFICATE_UNREADABLE */
export function describeCertificate(der: CertificateDer): CertificateDescription {
  const parsed = parseCertificate(der);
  try {
    return {
      subject: displayName(parsed.subject),
      issuer: displayName(parsed.issuer),
      issuerDer: parsed.issuer,
      serialNumber: parsed.serialNumber,
      notBefore: parsed.notBefore,
      notAfter: parsed.notAfter,
      spki: parsed.spki,
      keyType: keyTypeOf(parsed.spki),
      isCa: basicConstraints(parsed)?.cA ?? false,
    };
  } catch (error) {
    throw new AgentError('ERR_CERTIFICATE_UNREADABLE', { serialNumber: parsed.serialNumber }, error);
  }
}

const PEM = /^-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----\s*$/;

/** RFC 7468 §5, one certificate. @throws AgentError ERR_CERTIFICATE_UNREADABLE */
export function fromPem(pem: string): CertificateDer {
  const body = PEM.exec(pem)?.[1];
  if (body === undefined) throw new AgentError('ERR_CERTIFICATE_UNREADABLE', { form: 'PEM' });
  const der = asDer<CertificateDer>(new Uint8Array(Buffer.from(body.replaceAll(/\s/g, ''), 'base64')));
  parseCertificate(der);
  return der;
}

/** RFC 7468 §5.1. */
export function toPem(der: CertificateDer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
