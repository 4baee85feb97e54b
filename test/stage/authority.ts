/**
 * A throw-away certification authority for tests: real keys, real certificates, and on request the faults that a real CA
 * might have. Nothing of it is written anywhere.
 */
import { createHash, webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { asDer, type CertificateDer, type SpkiDer } from '../../web-bridge/asn1/der.ts';
import { KEY_TYPES, type KeyType } from '../../web-bridge/protocol/order.ts';
import { HASH } from '../../web-bridge/x509/algorithms.ts';
import { type EcKeyType, KEY_TYPE, type RsaKeyType } from '../../web-bridge/x509/key-types.ts';
import { armour, pemOf } from './asn1.ts';

const DAY_MS = 24 * 3_600_000;

/** What a bank may order, and a key that is too weak. */
export type StageKeyType = KeyType | 'rsa-1024';

/** By WebCrypto's names. `unit/x509/key-types` holds the table of key types against OpenSSL. */
export const ALGORITHM = Object.fromEntries([
  ['rsa-1024', rsa(1024)],
  ...KEY_TYPES.map((type) => [type, algorithmOf(KEY_TYPE[type])]),
]) as Readonly<Record<StageKeyType, ReturnType<typeof algorithmOf>>>;

function algorithmOf(row: RsaKeyType | EcKeyType) {
  if (row.family === 'RSA') return rsa(row.bits);
  return { name: 'ECDSA', namedCurve: row.curve.webCrypto, hash: HASH[row.hash].webCrypto } as const;
}

function rsa(modulusLength: number) {
  const publicExponent = new Uint8Array([1, 0, 1]);
  return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength, publicExponent } as const;
}

/** A name as orders write it: one RDN per entry. */
export type Subject = readonly (readonly [string, string])[];

const OID: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  SN: '2.5.4.4',
  serialNumber: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  title: '2.5.4.12',
  GN: '2.5.4.42',
  E: '1.2.840.113549.1.9.1',
};
const PRINTABLE = ['C', 'serialNumber'];

/** `asString`: how the attribute values are encoded; a CA may rebuild a subject in a string type of its own. */
export function stageName(subject: Subject, asString: 'usual' | 'printableString' | 'bmpString' = 'usual'): x509.Name {
  return new x509.Name(
    subject.map(([type, text]) => {
      const usual = PRINTABLE.includes(type) ? 'printableString' : 'utf8String';
      return { [OID[type] ?? type]: [{ [asString === 'usual' ? usual : asString]: text }] };
    }),
  );
}

export type KeyPair = {
  readonly keyType: StageKeyType;
  readonly pair: webcrypto.CryptoKeyPair;
  readonly spki: SpkiDer;
};

export async function makeKeyPair(keyType: StageKeyType = 'ec-p256'): Promise<KeyPair> {
  const pair = await webcrypto.subtle.generateKey(ALGORITHM[keyType], true, ['sign', 'verify']);
  const spki = asDer<SpkiDer>(new Uint8Array(await webcrypto.subtle.exportKey('spki', pair.publicKey)));
  return { keyType, pair, spki };
}

/** One that signs certificates, whether it may or not. */
export type Party = {
  readonly keys: KeyPair;
  readonly name: x509.Name;
  readonly certificate: CertificateDer;
  readonly pem: string;
};

export type CertificateOptions = {
  /** Left out: signs itself. */
  readonly issuer?: Party;
  readonly keys?: KeyPair;
  /** Only a public key, as a CA has it of a request. */
  readonly spki?: Uint8Array;
  readonly subject?: Subject | x509.Name;
  readonly serialNumber?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** basicConstraints; `undefined` leaves the extension out. */
  readonly ca?: boolean | undefined;
  readonly pathLength?: number;
  /** Names of KeyUsageFlags; `undefined` leaves the extension out. */
  readonly keyUsage?: readonly (keyof typeof x509.KeyUsageFlags)[] | undefined;
  readonly extendedKeyUsage?: readonly string[] | undefined;
  readonly extensions?: readonly x509.Extension[];
  readonly hash?: 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512';
};

export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
export const EMAIL_PROTECTION = '1.3.6.1.5.5.7.3.4';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

/** Signs a certificate as told, right or wrong. */
export async function makeCertificate(options: CertificateOptions): Promise<CertificateDer> {
  const { issuer, keys } = options;
  const signer = issuer?.keys ?? keys;
  const publicKey = options.spki ?? keys?.spki;
  if (!signer || !publicKey) throw new Error('a certificate needs a key and a signer');
  const subject = options.subject instanceof x509.Name ? options.subject : stageName(options.subject ?? []);
  const algorithm = ALGORITHM[signer.keyType];
  const made = await x509.X509CertificateGenerator.create(
    {
      publicKey: Uint8Array.from(publicKey).buffer,
      signingKey: await signingKey(signer, options.hash),
      signingAlgorithm: { ...algorithm, hash: options.hash ?? algorithm.hash } as EcdsaParams,
      subject,
      issuer: issuer?.name ?? subject,
      ...(options.serialNumber ? { serialNumber: options.serialNumber } : {}),
      notBefore: options.notBefore ?? new Date(Date.now() - 60_000),
      notAfter: options.notAfter ?? new Date(Date.now() + 365 * DAY_MS),
      extensions: [...extensionsOf(options), ...keyIdentifiers(publicKey, signer), ...(options.extensions ?? [])],
    },
    webcrypto as Crypto,
  );
  return asDer<CertificateDer>(new Uint8Array(made.rawData));
}

/** WebCrypto ties an RSA key to its hash. */
async function signingKey({ keyType, pair }: KeyPair, hash: CertificateOptions['hash']): Promise<webcrypto.CryptoKey> {
  const algorithm = ALGORITHM[keyType];
  if (!hash || !keyType.startsWith('rsa')) return pair.privateKey;
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', pair.privateKey);
  return webcrypto.subtle.importKey('pkcs8', pkcs8, { ...algorithm, hash }, true, ['sign']);
}

/** RFC 5280 §4.2.1.1, §4.2.1.2: what tells apart CAs of one name. */
function keyIdentifiers(publicKey: Uint8Array, signer: KeyPair): x509.Extension[] {
  return [
    new x509.SubjectKeyIdentifierExtension(fingerprint(publicKey)),
    new x509.AuthorityKeyIdentifierExtension(fingerprint(signer.spki)),
  ];
}

function extensionsOf({ ca, pathLength, keyUsage, extendedKeyUsage }: CertificateOptions): x509.Extension[] {
  const found: x509.Extension[] = [];
  if (ca !== undefined) found.push(new x509.BasicConstraintsExtension(ca, pathLength, true));
  if (keyUsage) {
    const bits = keyUsage.reduce<number>((sum, usage) => sum | x509.KeyUsageFlags[usage], 0);
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- a sum of flags is no member of the enum
    found.push(new x509.KeyUsagesExtension(bits, true));
  }
  if (extendedKeyUsage) found.push(new x509.ExtendedKeyUsageExtension([...extendedKeyUsage]));
  return found;
}

/** A CA's certificate: with a CA's extensions unless told otherwise. */
export async function makeCa(options: CertificateOptions & { readonly keyType?: StageKeyType } = {}): Promise<Party> {
  const keys = options.keys ?? (await makeKeyPair(options.keyType));
  const subject = options.subject ?? [['CN', `Stage CA ${fingerprint(keys.spki)}`]];
  const name = subject instanceof x509.Name ? subject : stageName(subject);
  const usual = { ca: true, keyUsage: ['keyCertSign', 'cRLSign'] } as const;
  const certificate = await makeCertificate({ ...usual, ...options, keys, subject: name });
  return { keys, name, certificate, pem: pemOf(certificate) };
}

/** A customer's certificate: for log-in unless told otherwise. */
export async function makeLeaf(options: CertificateOptions & { readonly issuer: Party }): Promise<CertificateDer> {
  const keys = options.keys ?? (options.spki ? undefined : await makeKeyPair());
  const usual = { ca: false, keyUsage: ['digitalSignature'], extendedKeyUsage: [CLIENT_AUTH] } as const;
  return makeCertificate({ ...usual, ...options, ...(keys ? { keys } : {}) });
}

export type Authority = { readonly root: Party; readonly issuing: Party };

/** A root and an issuing CA below it. */
export async function makeAuthority(keyType: StageKeyType = 'ec-p256'): Promise<Authority> {
  const root = await makeCa({
    keyType,
    subject: [
      ['O', 'Stage Bank'],
      ['CN', 'Stage Root CA'],
    ],
  });
  const subject = [
    ['O', 'Stage Bank'],
    ['CN', 'Stage Issuing CA'],
  ] as const;
  const issuing = await makeCa({ keyType, subject, issuer: root, pathLength: 0 });
  return { root, issuing };
}

export type TlsIdentity = { readonly key: string; readonly cert: string };

/** A server's key and certificate (with its issuer's beside it) as node:https takes them. */
export async function makeTlsIdentity(
  issuer: Party,
  options: Omit<CertificateOptions, 'issuer'> & { readonly names?: x509.JsonGeneralNames } = {},
): Promise<TlsIdentity> {
  const {
    names = [
      { type: 'dns', value: 'localhost' },
      { type: 'ip', value: '127.0.0.1' },
    ],
    ...rest
  } = options;
  const keys = options.keys ?? (await makeKeyPair());
  const certificate = await makeCertificate({
    subject: [['CN', 'localhost']],
    ca: false,
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: [SERVER_AUTH],
    ...rest,
    issuer,
    keys,
    extensions: [new x509.SubjectAlternativeNameExtension(names), ...(options.extensions ?? [])],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.pair.privateKey));
  return { key: armour('PRIVATE KEY', pkcs8), cert: pemOf(certificate) + issuer.pem };
}

/** An extension of any content. */
export function extension(id: string, critical: boolean, value: Uint8Array): x509.Extension {
  return new x509.Extension(id, critical, Uint8Array.from(value));
}

function fingerprint(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}
