/** The certification authority's keys and what it signs with them: made at the first start, kept owner-only. */
import 'reflect-metadata';
import { webcrypto as crypto, randomBytes, type webcrypto } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  type PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { writeWhole } from './state-file.ts';

cryptoProvider.set(crypto as unknown as Parameters<typeof cryptoProvider.set>[0]);

type KeyPair = webcrypto.CryptoKeyPair;
export type Issuer = { readonly keys: KeyPair; readonly certificate: X509Certificate };

const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const YEAR_MS = 365 * 24 * 3_600_000;
const CA_LIFETIME_MS = 20 * YEAR_MS;
/** Backdates a certificate, so that a computer whose clock is behind does not take it for not yet valid. */
const BACKDATE_MS = 5 * 60_000;

const named = (commonName: string): Name =>
  new Name([
    { C: [{ printableString: 'JP' }] },
    { O: [{ utf8String: 'Inkan Reference Bank' }] },
    { CN: [{ utf8String: commonName }] },
  ]);

/** RFC 5280 §4.1.2.2: positive, at most 20 octets; here 126 random bits. */
function newSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes.toString('hex');
}

type Template = {
  readonly subject: Name;
  readonly publicKey: PublicKey | webcrypto.CryptoKey;
  readonly lifetimeMs: number;
  readonly extensions: readonly Extension[];
};

/** RFC 5280 §4.2: both key identifiers in each certificate, whatever else the template wants. */
async function sign(
  template: Template,
  issuer: Pick<KeyPair, 'privateKey' | 'publicKey'>,
  name?: Name,
): Promise<X509Certificate> {
  const now = Date.now();
  return X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    subject: template.subject,
    issuer: name ?? template.subject,
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(now + template.lifetimeMs),
    publicKey: template.publicKey,
    signingKey: issuer.privateKey,
    signingAlgorithm: EC,
    extensions: [
      ...template.extensions,
      await SubjectKeyIdentifierExtension.create(template.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
}

const caExtensions = (pathLength: number): Extension[] => [
  new BasicConstraintsExtension(true, pathLength, true),
  new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
];

async function generate(): Promise<KeyPair> {
  return crypto.subtle.generateKey(EC, true, ['sign', 'verify']);
}

/** Reads a CA from the state folder, or makes it there: signed by `parent`, or by itself. */
async function openIssuer(file: string, commonName: string, pathLength: number, parent?: Issuer): Promise<Issuer> {
  if (existsSync(file)) return readIssuer(file);
  const keys = await generate();
  const template = {
    subject: named(commonName),
    publicKey: keys.publicKey,
    lifetimeMs: CA_LIFETIME_MS,
    extensions: caExtensions(pathLength),
  };
  const certificate = await sign(template, parent?.keys ?? keys, parent?.certificate.subjectName);
  const key = await crypto.subtle.exportKey('jwk', keys.privateKey);
  writeWhole(file, JSON.stringify({ key, certificate: certificate.toString('pem') }));
  return { keys, certificate };
}

async function readIssuer(file: string): Promise<Issuer> {
  const { key, certificate } = JSON.parse(readFileSync(file, 'utf8')) as {
    key: webcrypto.JsonWebKey;
    certificate: string;
  };
  const { kty = '', crv = '', x = '', y = '' } = key;
  const keys = {
    privateKey: await crypto.subtle.importKey('jwk', key, EC, true, ['sign']),
    publicKey: await crypto.subtle.importKey('jwk', { kty, crv, x, y }, EC, true, ['verify']),
  };
  return { keys, certificate: new X509Certificate(certificate) };
}

export type Authority = {
  readonly root: Issuer;
  /** Issues to customers. */
  readonly issuing: Issuer;
  /** Issues to our own servers only. The CA of customers must not issue for TLS, and this one must not issue to customers. */
  readonly tlsRoot: Issuer;
};

export async function openAuthority(folder: string): Promise<Authority> {
  const root = await openIssuer(join(folder, 'root.json'), 'しんきん電子証明書認証局 ルート（デモ）', 1);
  const issuing = await openIssuer(join(folder, 'issuing.json'), 'しんきん電子証明書認証局（デモ）', 0, root);
  const tlsRoot = await openIssuer(join(folder, 'tls-root.json'), 'Inkan Reference Bank TLS root (demo)', 0);
  return { root, issuing, tlsRoot };
}

/** A customer's certificate: the request's key and name, and what this CA grants. */
export async function issueToCustomer(
  { issuing }: Authority,
  subject: Name,
  publicKey: PublicKey,
): Promise<X509Certificate> {
  const extensions = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
  ];
  const template = { subject, publicKey, lifetimeMs: YEAR_MS, extensions };
  return sign(template, issuing.keys, issuing.certificate.subjectName);
}

/** A TLS server's key and chain for these names, fresh at each start. */
export async function issueToServer(
  { tlsRoot }: Authority,
  hosts: readonly string[],
): Promise<{ key: string; cert: string }> {
  const keys = await generate();
  const names = [...new Set(['localhost', ...hosts])].map((value) => ({ type: 'dns' as const, value }));
  const extensions = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension([...names, { type: 'ip' as const, value: '127.0.0.1' }]),
  ];
  const template = {
    subject: named('Inkan Reference Bank'),
    publicKey: keys.publicKey,
    lifetimeMs: YEAR_MS,
    extensions,
  };
  const certificate = await sign(template, tlsRoot.keys, tlsRoot.certificate.subjectName);
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return { key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`, cert: pemOf(certificate) };
}

/** PEM with one newline at its end, as the agent's profile wants it. */
export function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString('pem').trim()}\n`;
}
