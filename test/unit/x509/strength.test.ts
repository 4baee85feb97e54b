import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { asDer, type CertificateDer } from '../../../web-bridge/asn1/der.ts';
import { parseCertificate } from '../../../web-bridge/x509/certificate.ts';
import { weakKey, weakSignature } from '../../../web-bridge/x509/strength.ts';

const PSS = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:20'];
const RSASSA_PSS = '1.2.840.113549.1.1.10';

/** Certificates by openssl: key, options for signing, and what is weak about the signature and the key. */
const CASES: [string, string[], string[], string | undefined, string | undefined][] = [
  ['RSA-2048 with SHA-256', ['rsa:2048'], ['-sha256'], undefined, undefined],
  ['RSA-2048 with SHA-512', ['rsa:2048'], ['-sha512'], undefined, undefined],
  ['RSA-2048 with SHA-1', ['rsa:2048'], ['-sha1'], '1.2.840.113549.1.1.5', undefined],
  ['RSA-2048 with MD5', ['rsa:2048'], ['-md5'], '1.2.840.113549.1.1.4', undefined],
  ['RSASSA-PSS with SHA-256', ['rsa:2048'], ['-sha256', ...PSS], undefined, undefined],
  ['RSASSA-PSS with SHA-1, which is the default', ['rsa:2048'], ['-sha1', ...PSS], RSASSA_PSS, undefined],
  ['RSA of 2047 bits', ['rsa:2047'], ['-sha256'], undefined, 'RSA 2047'],
  ['P-521', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-521'], ['-sha512'], undefined, undefined],
  ['P-224', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-224'], ['-sha256'], undefined, '1.3.132.0.33'],
  ['ECDSA with SHA-1', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], ['-sha1'], '1.2.840.10045.4.1', undefined],
  ['Ed25519', ['ed25519'], [], undefined, undefined],
];

describe('x509/strength', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inkan-strength-'));
  after(() => rmSync(folder, { recursive: true }));

  for (const [what, key, signing, signature, size] of CASES) {
    it(`judges ${what}`, function () {
      this.timeout(20_000);
      const certificate = parseCertificate(selfSigned(folder, key, signing));
      expect(weakSignature(certificate)).to.equal(signature);
      expect(weakKey(certificate)).to.equal(size);
    });
  }
});

function selfSigned(folder: string, key: readonly string[], signing: readonly string[]): CertificateDer {
  const files = ['-keyout', 'key.pem', '-out', 'made.der', '-outform', 'DER'];
  const parameters = ['req', '-x509', '-nodes', '-subj', '/CN=a', '-newkey', ...key, ...signing, ...files];
  const options = { cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'] } } as const;
  const { status, stderr } = spawnSync('openssl', parameters, options);
  expect(status, stderr).to.equal(0);
  return asDer<CertificateDer>(new Uint8Array(readFileSync(join(folder, 'made.der'))));
}
