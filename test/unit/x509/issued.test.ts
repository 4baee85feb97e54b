import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { CertificateDer } from '../../../web-bridge/asn1/der.ts';
import { AgentError } from '../../../web-bridge/protocol/errors.ts';
import {
  checkIssued,
  type IssuedAnswer,
  type IssuedCertificate,
  type OrderedCertificate,
} from '../../../web-bridge/x509/issued.ts';
import { pemOf } from '../../stage/asn1.ts';
import {
  type Authority,
  type CertificateOptions,
  EMAIL_PROTECTION,
  extension,
  type KeyPair,
  makeAuthority,
  makeKeyPair,
  makeLeaf,
  stageName,
} from '../../stage/authority.ts';

const NOW = Date.now();
const MINUTE_MS = 60_000;
const SUBJECT = [
  ['C', 'JP'],
  ['O', '株式会社サンプル'],
  ['CN', '山田 太郎'],
] as const;

describe('x509/issued', () => {
  let ca: Authority;
  let keys: KeyPair;
  let plan: OrderedCertificate;
  before(async () => {
    [ca, keys] = await Promise.all([makeAuthority(), makeKeyPair()]);
    plan = {
      subject: SUBJECT,
      rdnOrder: 'as-ordered',
      extensions: { keyUsage: ['digitalSignature'], extendedKeyUsage: ['clientAuth'] },
      issuers: [ca.root.pem],
    };
  });

  const leafWith = (options: Partial<CertificateOptions> = {}): Promise<CertificateDer> =>
    makeLeaf({ issuer: ca.issuing, spki: keys.spki, subject: SUBJECT, serialNumber: '4711', ...options });

  function check(certificates: readonly CertificateDer[], more: Partial<IssuedAnswer> = {}): IssuedCertificate {
    const usual = {
      cacerts: [ca.issuing.certificate, ca.root.certificate],
      date: new Date(NOW),
      plan,
      spki: keys.spki,
    };
    return checkIssued({ ...usual, certificates, now: NOW, ...more });
  }

  function refused(certificates: readonly CertificateDer[], more: Partial<IssuedAnswer> = {}): AgentError {
    try {
      check(certificates, more);
    } catch (error) {
      if (error instanceof AgentError) return error;
      throw error;
    }
    throw new Error('was accepted');
  }

  it('finds the leaf among others, in any order, with duplicates, and builds its chain', async () => {
    const leaf = await leafWith();
    const answer = [ca.root.certificate, leaf, ca.issuing.certificate, leaf];
    const result = check(answer, { cacerts: [] });
    expect(result.certificate).to.deep.equal(leaf);
    expect(result.chain).to.deep.equal([ca.issuing.certificate, ca.root.certificate]);
    expect(result.chainComplete).to.equal(true);
    const folder = mkdtempSync(join(tmpdir(), 'inkan-issued-'));
    writeFileSync(join(folder, 'root.pem'), pemOf(result.chain[1]!));
    writeFileSync(join(folder, 'issuing.pem'), pemOf(result.chain[0]!));
    writeFileSync(join(folder, 'leaf.pem'), pemOf(result.certificate));
    const parameters = [
      'verify',
      '-purpose',
      'sslclient',
      '-CAfile',
      'root.pem',
      '-untrusted',
      'issuing.pem',
      'leaf.pem',
    ];
    const { status, stderr } = spawnSync('openssl', parameters, {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    });
    rmSync(folder, { recursive: true });
    expect(status, stderr).to.equal(0);
  });

  it('takes intermediates from cacerts where the answer has the leaf alone', async () => {
    const result = check([await leafWith()]);
    expect(result.chain).to.deep.equal([ca.issuing.certificate, ca.root.certificate]);
  });

  it('says that the chain is incomplete where the profile trusts an issuing CA and no root is known', async () => {
    const anchored = { plan: { ...plan, issuers: [ca.issuing.pem] } };
    const alone = check([await leafWith()], { ...anchored, cacerts: [] });
    expect(alone.chain).to.deep.equal([ca.issuing.certificate]);
    expect(alone.chainComplete).to.equal(false);
    const withRoot = check([await leafWith()], anchored);
    expect(withRoot.chain).to.deep.equal([ca.issuing.certificate, ca.root.certificate]);
    expect(withRoot.chainComplete).to.equal(true);
  });

  it('alarms when no certificate is for our key', async () => {
    const stranger = await makeKeyPair();
    const error = refused([ca.issuing.certificate, await leafWith({ spki: stranger.spki })]);
    expect(error.code).to.equal('ERR_CERTIFICATE_KEY_MISMATCH');
    expect(error.details).to.deep.equal({ serialNumber: '4711' });
    expect(refused([]).code).to.equal('ERR_CERTIFICATE_KEY_MISMATCH');
  });

  it('says unreadable when what cannot be read may have been ours', async () => {
    const leaf = await leafWith();
    expect(refused([leaf.subarray(0, -1) as CertificateDer]).code).to.equal('ERR_CERTIFICATE_UNREADABLE');
    expect(check([leaf.subarray(0, -1) as CertificateDer, leaf]).certificate).to.deep.equal(leaf);
  });

  const faults: [string, Partial<CertificateOptions>, string][] = [
    ['a CA', { ca: true, keyUsage: ['digitalSignature'] }, 'ERR_CERTIFICATE_IS_CA'],
    ['a key that may sign certificates', { keyUsage: ['digitalSignature', 'keyCertSign'] }, 'ERR_CERTIFICATE_IS_CA'],
    ['another key usage', { keyUsage: ['nonRepudiation'] }, 'ERR_CERTIFICATE_USAGE_MISMATCH'],
    ['no key usage', { keyUsage: undefined }, 'ERR_CERTIFICATE_USAGE_MISMATCH'],
    ['another extended key usage', { extendedKeyUsage: [EMAIL_PROTECTION] }, 'ERR_CERTIFICATE_USAGE_MISMATCH'],
    ['no extended key usage', { extendedKeyUsage: undefined }, 'ERR_CERTIFICATE_USAGE_MISMATCH'],
    [
      'another subject',
      {
        subject: [
          ['C', 'JP'],
          ['O', '株式会社サンプル'],
          ['CN', '山田 花子'],
        ],
      },
      'ERR_CERTIFICATE_SUBJECT_MISMATCH',
    ],
    ['an RDN more', { subject: [...SUBJECT, ['OU', 'x']] }, 'ERR_CERTIFICATE_SUBJECT_MISMATCH'],
    ['RDNs in another order', { subject: SUBJECT.toReversed() }, 'ERR_CERTIFICATE_SUBJECT_MISMATCH'],
    [
      'an expired one',
      { notAfter: new Date(NOW - 6 * MINUTE_MS), notBefore: new Date(NOW - 60 * MINUTE_MS) },
      'ERR_CERTIFICATE_EXPIRED',
    ],
    ['one for later', { notBefore: new Date(NOW + 6 * MINUTE_MS) }, 'ERR_CERTIFICATE_NOT_YET_VALID'],
    [
      'an unknown critical extension',
      { extensions: [extension('1.2.3', true, Buffer.of(5, 0))] },
      'ERR_CERTIFICATE_UNTRUSTED',
    ],
    [
      'basic constraints that cannot be read',
      { ca: undefined, extensions: [extension('2.5.29.19', true, Buffer.of(5, 0))] },
      'ERR_CERTIFICATE_UNREADABLE',
    ],
  ];
  for (const [what, options, code] of faults) {
    it(`refuses ${what}`, async () => {
      const error = refused([await leafWith(options), ca.issuing.certificate]);
      expect(error.code).to.equal(code);
      expect(error.details['serialNumber']).to.equal('4711');
    });
  }

  it('grants five minutes of clock skew, and tells by the CA’s date that this clock is wrong', async () => {
    expect(check([await leafWith({ notBefore: new Date(NOW + 4 * MINUTE_MS) })]).chainComplete).to.equal(true);
    const lately = { notBefore: new Date(NOW - 60 * MINUTE_MS), notAfter: new Date(NOW - 4 * MINUTE_MS) };
    expect(check([await leafWith(lately)]).chainComplete).to.equal(true);
    const slow = refused([await leafWith()], { now: NOW - 30 * MINUTE_MS });
    expect(slow.code).to.equal('ERR_CERTIFICATE_NOT_YET_VALID');
    expect(slow.details['clockOffMinutes']).to.equal(-30);
  });

  it('refuses SHA-1 and short RSA keys', async function () {
    this.timeout(20_000);
    const old = await makeAuthority('rsa-2048');
    const bySha1 = await makeLeaf({ issuer: old.issuing, spki: keys.spki, subject: SUBJECT, hash: 'SHA-1' });
    expect(refused([bySha1, old.issuing.certificate], { plan: { ...plan, issuers: [old.root.pem] } }).code).to.equal(
      'ERR_CERTIFICATE_WEAK',
    );
    const short = await makeKeyPair('rsa-1024');
    expect(refused([await leafWith({ spki: short.spki })], { spki: short.spki }).code).to.equal('ERR_CERTIFICATE_WEAK');
  });

  it('trusts the profile’s issuers only', async () => {
    const other = await makeAuthority();
    const leaf = await makeLeaf({ issuer: other.issuing, spki: keys.spki, subject: SUBJECT, serialNumber: '4712' });
    const error = refused([leaf, other.issuing.certificate, other.root.certificate]);
    expect(error.code).to.equal('ERR_CERTIFICATE_UNTRUSTED');
    expect(error.details).to.deep.equal({ reason: 'no-path', at: '4712', serialNumber: '4712' });
  });

  it('accepts RDNs in any order, other case and other string types where the profile says so', async () => {
    const rebuilt = stageName(
      [
        ['CN', '山田　太郎'],
        ['O', '株式会社サンプル'],
        ['C', 'jp'],
      ],
      'bmpString',
    );
    const any = { plan: { ...plan, rdnOrder: 'any' as const } };
    expect(check([await leafWith({ subject: rebuilt })], any).chainComplete).to.equal(true);
    expect(refused([await leafWith({ subject: rebuilt })]).code).to.equal('ERR_CERTIFICATE_SUBJECT_MISMATCH');
  });

  it('takes the newest of several certificates that fits', async () => {
    const older = await leafWith({ notBefore: new Date(NOW - 3 * MINUTE_MS), serialNumber: '01' });
    const newer = await leafWith({ notBefore: new Date(NOW - 2 * MINUTE_MS), serialNumber: '02' });
    const wrong = await leafWith({ notBefore: new Date(NOW - MINUTE_MS), serialNumber: '03', subject: [['CN', 'x']] });
    expect(check([older, wrong, newer]).certificate).to.deep.equal(newer);
    expect(refused([wrong]).details['serialNumber']).to.equal('03');
  });

  it('keeps the subject of the certificate that is replaced', async () => {
    const previous = await makeLeaf({ issuer: ca.issuing, subject: SUBJECT });
    const another = await makeLeaf({ issuer: ca.issuing, subject: [['CN', '山田 花子']] });
    expect(check([await leafWith()], { previous }).chainComplete).to.equal(true);
    expect(refused([await leafWith()], { previous: another }).code).to.equal('ERR_CERTIFICATE_SUBJECT_MISMATCH');
  });
});
