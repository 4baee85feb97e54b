import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { assert as forAll, nat, property, uint8Array } from 'fast-check';
import { asDer, type CertificateDer } from '../../../web-bridge/asn1/der.ts';
import { readTlv, sequence } from '../../../web-bridge/asn1/read.ts';
import { AgentError } from '../../../web-bridge/protocol/errors.ts';
import {
  basicConstraints,
  describeCertificate,
  extendedKeyUsages,
  fromPem,
  keyUsages,
  parseCertificate,
  toPem,
} from '../../../web-bridge/x509/certificate.ts';
import { pemOf, tlv } from '../../stage/asn1.ts';
import {
  type Authority,
  type CertificateOptions,
  CLIENT_AUTH,
  EMAIL_PROTECTION,
  extension,
  makeAuthority,
  makeCa,
  makeKeyPair,
  makeLeaf,
} from '../../stage/authority.ts';
import { refused } from '../../stage/refusal.ts';

describe('x509/certificate', () => {
  let ca: Authority;
  before(async () => {
    ca = await makeAuthority();
  });

  function refusal(der: Uint8Array): unknown {
    try {
      describeCertificate(asDer<CertificateDer>(der));
      return 'accepted';
    } catch (error) {
      return error instanceof AgentError ? error.code : error;
    }
  }

  it('describes a certificate as node:crypto does', async () => {
    const keys = await makeKeyPair('ec-p384');
    const notAfter = new Date('2051-02-03T04:05:06Z'); // GeneralizedTime (RFC 5280 §4.1.2.5)
    const leaf = await makeLeaf({ issuer: ca.issuing, keys, subject: [['CN', 'a']], serialNumber: '80ff01', notAfter });
    const shown = describeCertificate(leaf);
    const witness = new X509Certificate(leaf);
    expect(shown.serialNumber).to.equal('80ff01');
    expect(shown.serialNumber.toUpperCase()).to.equal(witness.serialNumber);
    expect(shown.notBefore.getTime()).to.equal(Date.parse(witness.validFrom));
    expect(shown.notAfter.getTime()).to.equal(Date.parse(witness.validTo)).and.to.equal(notAfter.getTime());
    expect(shown.subject).to.equal('CN=a');
    expect(shown.issuer).to.equal('O=Stage Bank, CN=Stage Issuing CA');
    expect(Buffer.from(shown.spki)).to.deep.equal(witness.publicKey.export({ type: 'spki', format: 'der' }));
    expect(shown.keyType).to.equal('ec-p384');
    expect(shown.isCa).to.equal(false);
    expect(describeCertificate(ca.root.certificate).isCa).to.equal(true);
  });

  it('knows a key that is none of ours', async () => {
    const leaf = await makeLeaf({ issuer: ca.issuing, keys: await makeKeyPair('rsa-1024'), subject: [['CN', 'a']] });
    expect(describeCertificate(leaf).keyType).to.equal(undefined);
  });

  it('writes and reads PEM', () => {
    expect(toPem(ca.root.certificate)).to.equal(pemOf(ca.root.certificate));
    expect(fromPem(ca.root.pem)).to.deep.equal(ca.root.certificate);
    expect(fromPem(ca.root.pem.replaceAll('\n', '\r\n'))).to.deep.equal(ca.root.certificate);
    for (const pem of [
      '',
      ca.root.pem + ca.issuing.pem,
      ca.root.pem.replaceAll('CERTIFICATE', 'X509 CRL'),
      'x'.repeat(10),
    ]) {
      expect(() => fromPem(pem))
        .to.throw(AgentError)
        .with.property('code', 'ERR_CERTIFICATE_UNREADABLE');
    }
  });

  it('refuses bytes before, after and missing, and BER', () => {
    const der = ca.root.certificate;
    const indefinite = Buffer.concat([Buffer.from([0x30, 0x80]), der.subarray(4), Buffer.from([0, 0])]);
    const longForm = Buffer.concat([Buffer.from([0x30, 0x83, 0]), der.subarray(2)]);
    for (const bytes of [
      Buffer.concat([der, Buffer.of(0)]),
      der.subarray(1),
      der.subarray(0, -1),
      indefinite,
      longForm,
      Buffer.of(),
    ]) {
      expect(refusal(bytes)).to.equal('ERR_CERTIFICATE_UNREADABLE');
    }
  });

  it('refuses names that are not the text that they say', async () => {
    const leaf = await makeLeaf({ issuer: ca.issuing, subject: [['CN', 'aéa']] });
    const at = Buffer.from(leaf).indexOf('aéa');
    const damaged = Uint8Array.from(leaf);
    damaged[at + 2] = 0x28;
    expect(refusal(damaged)).to.equal('ERR_CERTIFICATE_UNREADABLE');
  });

  it('refuses an extension that stands there twice', async () => {
    const twice = [extension('1.2.3', false, Buffer.of(5, 0)), extension('1.2.3', false, Buffer.of(5, 0))];
    expect(refusal(await makeLeaf({ issuer: ca.issuing, extensions: twice }))).to.equal('ERR_CERTIFICATE_UNREADABLE');
  });

  /** The same certificate with other fields to sign: nobody looks at the signature here. */
  function rebuilt(der: CertificateDer, change: (fields: Uint8Array[]) => Uint8Array[], more: Uint8Array[] = []) {
    const [tbs, ...rest] = sequence(readTlv(der));
    const fields = change(sequence(tbs).map(({ raw }) => raw));
    return asDer<CertificateDer>(
      new Uint8Array(tlv(0x30, tlv(0x30, ...fields), ...rest.map(({ raw }) => raw), ...more)),
    );
  }
  const unchanged = (fields: Uint8Array[]) => fields;

  it('reads version 1, whose version and extensions are left out, and no version beyond 3', () => {
    const der = ca.root.certificate;
    expect(parseCertificate(rebuilt(der, unchanged)).version).to.equal(3);
    const first = parseCertificate(rebuilt(der, (fields) => fields.slice(1, -1)));
    expect([first.version, first.extensions.size]).to.deep.equal([1, 0]);
    expect(Buffer.from(first.subject)).to.deep.equal(Buffer.from(parseCertificate(der).subject));
    const fourth = (fields: Uint8Array[]) => [tlv(0xa0, tlv(2, Buffer.of(3))), ...fields.slice(1)];
    expect(refusal(rebuilt(der, fourth))).to.equal('ERR_CERTIFICATE_UNREADABLE');
  });

  it('reads serial numbers of up to 20 octets (§4.1.2.2)', async () => {
    const serial = (octets: number) => (fields: Uint8Array[]) => [
      fields[0]!,
      tlv(2, Buffer.alloc(octets, 0x7f)),
      ...fields.slice(2),
    ];
    const der = ca.root.certificate;
    expect(parseCertificate(rebuilt(der, serial(20))).serialNumber).to.equal('7f'.repeat(20));
    expect(refusal(rebuilt(der, serial(21)))).to.equal('ERR_CERTIFICATE_UNREADABLE');
    expect((await refused(() => parseCertificate(rebuilt(der, serial(21))))).details['bytes']).to.be.greaterThan(100);
  });

  it('refuses two algorithms for one signature (§4.1.1.2), and anything after it', () => {
    const der = ca.root.certificate;
    const other = tlv(0x30, tlv(6, Buffer.from('2a8648ce3d040303', 'hex')));
    const changed = (fields: Uint8Array[]) => [...fields.slice(0, 2), other, ...fields.slice(3)];
    expect(refusal(rebuilt(der, changed))).to.equal('ERR_CERTIFICATE_UNREADABLE');
    expect(refusal(rebuilt(der, unchanged, [tlv(5)]))).to.equal('ERR_CERTIFICATE_UNREADABLE');
  });

  it('has its extensions by OID, with their bytes, and says which are critical', async () => {
    const extensions = [extension('1.2.3', true, Buffer.of(5, 0)), extension('1.2.4', false, Buffer.of(1))];
    const parsed = parseCertificate(await makeLeaf({ issuer: ca.issuing, extensions }));
    expect(parsed.extensions.get('1.2.3')).to.deep.equal({ critical: true, value: Buffer.of(5, 0) });
    expect(parsed.extensions.get('1.2.4')).to.deep.equal({ critical: false, value: Buffer.of(1) });
    expect(parsed.extensions.has('1.2.5')).to.equal(false);
  });

  it('tells basic constraints: a CA, its path length, and that there are none', async () => {
    const constraints = async (options: CertificateOptions) =>
      basicConstraints(parseCertificate((await makeCa(options)).certificate));
    expect(await constraints({ pathLength: 3 })).to.deep.equal({ cA: true, pathLength: 3 });
    expect(await constraints({ pathLength: 0 })).to.deep.equal({ cA: true, pathLength: 0 });
    expect(await constraints({})).to.deep.equal({ cA: true, pathLength: undefined });
    expect(await constraints({ ca: false })).to.deep.equal({ cA: false, pathLength: undefined });
    expect(await constraints({ ca: undefined })).to.equal(undefined);
    const silent = await makeLeaf({ issuer: ca.issuing, ca: undefined });
    expect(describeCertificate(silent).isCa).to.equal(false);
  });

  it('tells key usages bit by bit, and that none are said', async () => {
    const NAMES = ['digitalSignature', 'nonRepudiation', 'keyCertSign'] as const;
    const usages = async (keyUsage: CertificateOptions['keyUsage']) => {
      const usage = keyUsages(parseCertificate(await makeLeaf({ issuer: ca.issuing, keyUsage })));
      return usage && NAMES.filter(usage);
    };
    for (const one of NAMES) expect(await usages([one])).to.deep.equal([one]);
    expect(await usages(['cRLSign', 'keyEncipherment'])).to.deep.equal([]);
    expect(await usages([...NAMES])).to.deep.equal(NAMES);
    expect(await usages(undefined)).to.equal(undefined);
    const empty = [extension('2.5.29.15', true, Buffer.from('030100', 'hex'))];
    const nothing = keyUsages(
      parseCertificate(await makeLeaf({ issuer: ca.issuing, keyUsage: undefined, extensions: empty })),
    );
    expect(nothing && NAMES.filter(nothing)).to.deep.equal([]);
  });

  it('tells extended key usages', async () => {
    const usages = async (extendedKeyUsage: CertificateOptions['extendedKeyUsage']) =>
      extendedKeyUsages(parseCertificate(await makeLeaf({ issuer: ca.issuing, extendedKeyUsage })));
    expect(await usages([CLIENT_AUTH, EMAIL_PROTECTION])).to.deep.equal([CLIENT_AUTH, EMAIL_PROTECTION]);
    expect(await usages(undefined)).to.deep.equal([]);
  });

  it('says which certificate it cannot describe, and by which form it cannot read one', async () => {
    const extensions = [extension('2.5.29.19', true, Buffer.of(5, 0))];
    const leaf = await makeLeaf({ issuer: ca.issuing, serialNumber: '4711', ca: undefined, extensions });
    const { code, details } = await refused(() => describeCertificate(leaf));
    expect([code, details]).to.deep.equal(['ERR_CERTIFICATE_UNREADABLE', { serialNumber: '4711' }]);
    expect((await refused(() => fromPem('x'))).details).to.deep.equal({ form: 'PEM' });
    const garbage = `-----BEGIN CERTIFICATE-----\n${Buffer.of(5, 0).toString('base64')}\n-----END CERTIFICATE-----\n`;
    expect((await refused(() => fromPem(garbage))).details).to.deep.equal({ bytes: 2 });
  });

  it('answers every damaged certificate with a code, never with a crash', () => {
    const der = ca.issuing.certificate;
    forAll(
      property(nat(der.length - 1), nat(255), (at, octet) => {
        const damaged = Uint8Array.from(der);
        damaged[at] = octet;
        expect(refusal(damaged)).to.be.oneOf(['accepted', 'ERR_CERTIFICATE_UNREADABLE']);
      }),
      { numRuns: 1000 },
    );
    forAll(property(uint8Array(), (bytes) => refusal(bytes) === 'ERR_CERTIFICATE_UNREADABLE'));
  });
});
