import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { assert as forAll, nat, property, uint8Array } from 'fast-check';
import { asDer, type CertificateDer } from '../../../web-bridge/asn1/der.ts';
import { AgentError } from '../../../web-bridge/protocol/errors.ts';
import { describeCertificate, fromPem, toPem } from '../../../web-bridge/x509/certificate.ts';
import { pemOf } from '../../stage/asn1.ts';
import { type Authority, extension, makeAuthority, makeKeyPair, makeLeaf } from '../../stage/authority.ts';

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
