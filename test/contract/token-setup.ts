/** What a token test needs beside the token: a scripted human with a PIN file, a test profile, certificates by openssl. */

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TokenIdentity } from '../../agent/ports/token.ts';
import { createTokens, type TokenService } from '../../agent/token/token.ts';
import type { Pkcs11Module } from '../../native-config/schema.ts';
import { asDer, type CertificateDer, type CsrInfoDer, type SpkiDer } from '../../web-bridge/asn1/der.ts';
import { objectIdentifier } from '../../web-bridge/asn1/write.ts';
import type { KeyType } from '../../web-bridge/protocol/order.ts';
import { KEY_TYPE } from '../../web-bridge/x509/key-types.ts';

export type LogEntry = { readonly fact: string; readonly details: Readonly<Record<string, unknown>> };

export type TokenSetup = {
  readonly folder: string;
  readonly facts: LogEntry[];
  readonly writePin: (pin: string) => void;
  readonly script: (members: Record<string, unknown>) => void;
  readonly tokens: (modules: readonly Pkcs11Module[], dialogMs?: number) => TokenService;
  /** Ends the hosts that wait for more work. */
  readonly rest: () => Promise<void>;
  readonly certify: (spki: Uint8Array, subject: string) => CertificateDer;
  readonly authority: () => CertificateDer;
  readonly leave: () => Promise<void>;
};

/** The CN of the CA that certifies keys in tests. */
export const AUTHORITY_NAME = 'Token Test CA';

export const PIN_CONTEXT = {
  profile: 'test-bank',
  purpose: 'enroll',
  bank: { ja: '検査銀行', en: 'Test Bank' },
  account: 'admin',
} as const;

const FAKE_PEM = '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n';
const help = { text: 'help', telephone: '000' };

function profile(id: string, test: boolean, origin: string): string {
  return JSON.stringify({
    version: 1,
    id,
    test,
    names: PIN_CONTEXT.bank,
    origins: [origin],
    orderKeys: { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: 'k' }] },
    enrollment: { staff: { protocol: 'est', url: 'https://ca.example/est', trustAnchors: [FAKE_PEM] } },
    issuers: [FAKE_PEM],
    keyPolicy: { types: ['rsa-2048', 'ec-p256'] },
    renewal: { opensDaysBefore: 40, closesDaysAfter: 0 },
    help: { ja: help, en: help },
  });
}

export function setUpTokenTests(): TokenSetup {
  const folder = mkdtempSync(join(tmpdir(), 'inkan-token-'));
  const owned = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const pinFile = owned('pin', '');
  const script = owned('script.json', JSON.stringify({ consent: 'approve', pinFile }));
  mkdirSync(join(folder, 'profiles'), { mode: 0o700 });
  owned('profiles/test-bank.json', profile('test-bank', true, 'http://localhost:8080'));
  owned('profiles/true-bank.json', profile('true-bank', false, 'https://bank.example'));
  const ca = join(folder, 'ca');
  const facts: LogEntry[] = [];
  const services: TokenService[] = [];
  const rest = async (): Promise<void> => {
    await Promise.all(services.map((service) => service.close()));
  };
  return {
    folder,
    facts,
    writePin: (pin) => void owned('pin', `${pin}\n`),
    script: (members) => void owned('script.json', JSON.stringify({ consent: 'approve', pinFile, ...members })),
    tokens: (modules, timeoutMs = 20_000) => {
      const service = createTokens({
        modules: async () => modules,
        dialog: { language: 'ja', timeoutMs, script },
        profileFolders: [join(folder, 'profiles')],
        environment: process.env,
        report: (fact, details) => facts.push({ fact, details }),
      });
      services.push(service);
      return service;
    },
    rest,
    certify: (spki, subject) => certify(ca, spki, subject),
    authority: () => authority(ca),
    leave: async () => {
      await rest();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function openssl(args: readonly string[], input?: Uint8Array): Buffer {
  return execFileSync('openssl', args, { stdio: ['pipe', 'pipe', 'pipe'], ...(input ? { input } : {}) });
}

/** A root by openssl, made once for a PC. */
function authority(ca: string): CertificateDer {
  try {
    openssl(['x509', '-in', `${ca}.pem`, '-noout']);
  } catch {
    openssl([
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      `${ca}.key`,
      '-out',
      `${ca}.pem`,
      '-subj',
      `/CN=${AUTHORITY_NAME}`,
      '-days',
      '2',
    ]);
    chmodSync(`${ca}.key`, 0o600);
  }
  return asDer(new Uint8Array(openssl(['x509', '-in', `${ca}.pem`, '-outform', 'DER'])));
}

function certify(ca: string, spki: Uint8Array, subject: string): CertificateDer {
  authority(ca);
  const pub = `${ca}.${randomBytes(4).toString('hex')}.pub`;
  writeFileSync(pub, openssl(['pkey', '-pubin', '-inform', 'DER', '-pubout'], spki));
  const der = openssl([
    'x509',
    '-new',
    '-force_pubkey',
    pub,
    '-subj',
    subject,
    '-days',
    '1',
    '-CA',
    `${ca}.pem`,
    '-CAkey',
    `${ca}.key`,
    '-set_serial',
    '0x41',
    '-outform',
    'DER',
  ]);
  rmSync(pub);
  return asDer(new Uint8Array(der));
}

/** TLV with a two-octet length where it is needed: enough for a request. */
export function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const contents = Buffer.concat(parts);
  const { length } = contents;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), contents]);
}

/** CertificationRequestInfo (RFC 2986 §4.1) with the subject CN=PC and no attributes. */
export function requestInfo(spki: SpkiDer | Uint8Array): CsrInfoDer {
  const commonName = tlv(0x30, Buffer.from('0603550403', 'hex'), tlv(0x0c, Buffer.from('desk')));
  const subject = tlv(0x30, tlv(0x31, commonName));
  return asDer(tlv(0x30, Buffer.from([2, 1, 0]), subject, spki, Buffer.from([0xa0, 0])));
}

/** Whether openssl takes info and signature for a request whose signature is right. */
export function opensslAccepts(info: Uint8Array, signature: Uint8Array, keyType: KeyType): boolean {
  const { family, signatureOid } = KEY_TYPE[keyType];
  // RFC 4055 §5: NULL for RSA; RFC 5758 §3.2: no parameters for ECDSA.
  const parameters = family === 'RSA' ? [tlv(0x05)] : [];
  const identifier = tlv(0x30, objectIdentifier(signatureOid), ...parameters);
  const csr = tlv(0x30, info, identifier, tlv(0x03, Buffer.from([0]), signature));
  try {
    openssl(['req', '-inform', 'DER', '-verify', '-noout'], csr);
    return true;
  } catch {
    return false;
  }
}

export type Witnessed = {
  readonly class: 'private' | 'public' | 'certificate';
  readonly id: string | null;
  readonly label: string | null;
  readonly private: boolean | null;
  readonly sensitive: boolean | null;
  readonly extractable: boolean | null;
  readonly subject: string | null;
  readonly serial: string | null;
  readonly value: string | null;
};

/** What graphene-pk11 sees on the token, in a process of its own. */
export function witness(module: Pkcs11Module, token: Pick<TokenIdentity, 'label'>, pin: string): Witnessed[] {
  const file = resolve(import.meta.dirname, 'witness.js');
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...module.environment };
  const out = execFileSync(process.execPath, [file, module.path, token.label], { env, input: pin, stdio: 'pipe' });
  return JSON.parse(out.toString('utf8')) as Witnessed[];
}
