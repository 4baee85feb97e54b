import { spawnSync } from 'node:child_process';
import { webcrypto } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { CsrInfoDer } from '../../../web-bridge/asn1/der.ts';
import { AgentError } from '../../../web-bridge/protocol/errors.ts';
import { KEY_TYPES } from '../../../web-bridge/protocol/order.ts';
import { buildCsr, type CsrContent } from '../../../web-bridge/x509/csr.ts';
import { ecdsaToDer } from '../../../web-bridge/x509/ecdsa.ts';
import { keyTypeOf } from '../../../web-bridge/x509/public-key.ts';
import { ALGORITHM, type KeyPair, makeKeyPair } from '../../stage/authority.ts';

const SUBJECT = [
  ['C', 'JP'],
  ['O', '株式会社サンプル'],
  ['OU', 'Sales, "East" + West'],
  ['CN', '山田 太郎'],
  ['serialNumber', 'A-0001'],
] as const;
const EXTENSIONS: CsrContent['extensions'] = {
  keyUsage: ['digitalSignature', 'nonRepudiation'],
  extendedKeyUsage: ['clientAuth', 'emailProtection'],
};

async function signWith(keys: KeyPair, info: CsrInfoDer): Promise<Uint8Array> {
  const raw = await webcrypto.subtle.sign(ALGORITHM[keys.keyType], keys.pair.privateKey, Uint8Array.from(info));
  return keys.keyType.startsWith('ec') ? ecdsaToDer(new Uint8Array(raw)) : new Uint8Array(raw);
}

describe('x509/csr', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inkan-csr-'));
  after(() => rmSync(folder, { recursive: true }));

  for (const keyType of KEY_TYPES) {
    it(`builds a request for ${keyType} that openssl verifies`, async function () {
      this.timeout(20_000);
      const keys = await makeKeyPair(keyType);
      const content = { spki: keys.spki, keyType, subject: SUBJECT, extensions: EXTENSIONS };
      const csr = await buildCsr(content, (info) => signWith(keys, info));
      const file = join(folder, `${keyType}.der`);
      writeFileSync(file, csr);
      const shown = openssl(
        'req',
        '-inform',
        'DER',
        '-in',
        file,
        '-verify',
        '-noout',
        '-text',
        '-nameopt',
        'utf8,sep_comma_plus',
      );
      expect(shown).to.include('verify OK');
      expect(shown).to.include('X509v3 Key Usage: critical');
      expect(shown).to.include('Digital Signature, Non Repudiation');
      expect(shown).to.include('TLS Web Client Authentication, E-mail Protection');
      expect(keyTypeOf(keys.spki)).to.equal(keyType);
    });
  }

  it('keeps the order of the subject, one RDN each, PrintableString for C and serialNumber only', async () => {
    const keys = await makeKeyPair('ec-p256');
    const content = { spki: keys.spki, keyType: 'ec-p256', subject: SUBJECT, extensions: EXTENSIONS } as const;
    const csr = await buildCsr(content, (info) => signWith(keys, info));
    const file = join(folder, 'names.der');
    writeFileSync(file, csr);
    const shown = openssl(
      'req',
      '-inform',
      'DER',
      '-in',
      file,
      '-noout',
      '-subject',
      '-nameopt',
      'multiline,show_type,utf8,-esc_msb',
    );
    const lines = shown
      .split('\n')
      .slice(1)
      .map((line) => line.trim().replace(/\s+=\s+/, '='));
    expect(lines.filter(Boolean)).to.deep.equal([
      'countryName=PRINTABLESTRING:JP',
      'organizationName=UTF8STRING:株式会社サンプル',
      'organizationalUnitName=UTF8STRING:Sales, "East" + West',
      'commonName=UTF8STRING:山田 太郎',
      'serialNumber=PRINTABLESTRING:A-0001',
    ]);
  });

  it('takes text that looks like an encoding as text', async () => {
    const keys = await makeKeyPair('ec-p256');
    const subject = [
      ['CN', '#0500'],
      ['O', String.raw`a\0ab`],
    ] as const;
    const csr = await buildCsr({ spki: keys.spki, keyType: 'ec-p256', subject, extensions: EXTENSIONS }, (info) =>
      signWith(keys, info),
    );
    expect(Buffer.from(csr).toString('latin1')).to.include('#0500').and.to.include(String.raw`a\0ab`);
  });

  it('refuses a signature by another key, over other bytes, or no signature at all', async () => {
    const keys = await makeKeyPair('ec-p256');
    const stranger = await makeKeyPair('ec-p256');
    const content = { spki: keys.spki, keyType: 'ec-p256', subject: SUBJECT, extensions: EXTENSIONS } as const;
    const signers: ((info: CsrInfoDer) => Promise<Uint8Array>)[] = [
      (info) => signWith(stranger, info),
      (info) => signWith(keys, info.subarray(1) as CsrInfoDer),
      () => Promise.resolve(new Uint8Array(64)),
      () => Promise.resolve(new Uint8Array()),
    ];
    for (const signer of signers) {
      const error = await buildCsr(content, signer).catch((caught: unknown) => caught);
      expect(error).to.be.instanceOf(AgentError).with.property('code', 'ERR_TOKEN_SIGNATURE_WRONG');
    }
  });

  it('passes on what the signer throws', async () => {
    const keys = await makeKeyPair('ec-p256');
    const content = { spki: keys.spki, keyType: 'ec-p256', subject: SUBJECT, extensions: EXTENSIONS } as const;
    const removed = new AgentError('ERR_TOKEN_REMOVED');
    const error = await buildCsr(content, () => Promise.reject(removed)).catch((caught: unknown) => caught);
    expect(error).to.equal(removed);
  });
});

/** openssl tells its verdict on stderr. */
function openssl(...parameters: string[]): string {
  const env = { PATH: process.env['PATH'] };
  const { stdout, stderr, status } = spawnSync('openssl', parameters, { encoding: 'utf8', env });
  expect(status, stderr).to.equal(0);
  return stdout + stderr;
}
