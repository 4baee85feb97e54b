import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { assert as forAll, nat, property, uint8Array } from 'fast-check';
import { certificatesOf } from '../../../agent/ca/pkcs7.ts';
import { encodeTransfer } from '../../../agent/ca/transfer.ts';
import type { CertificateDer } from '../../../web-bridge/asn1/der.ts';
import { AgentError } from '../../../web-bridge/protocol/errors.ts';
import { armour, certsOnly, oid, pemOf, tlv } from '../../stage/asn1.ts';
import { makeAuthority, makeLeaf } from '../../stage/authority.ts';

describe('ca/pkcs7', () => {
  let leaf: CertificateDer;
  let issuing: CertificateDer;
  let root: CertificateDer;
  let p7: Buffer;
  before(async () => {
    const ca = await makeAuthority();
    [issuing, root] = [ca.issuing.certificate, ca.root.certificate];
    leaf = await makeLeaf({ issuer: ca.issuing, subject: [['CN', 'a']] });
    p7 = Buffer.from(certsOnly([issuing, leaf]));
  });

  const base64 = () => p7.toString('base64');
  const wrapped = (newline: string) => (base64().match(/.{1,64}/g) ?? []).join(newline);

  const encodings: [string, () => string | Uint8Array][] = [
    ['base64 with LF', () => `${wrapped('\n')}\n`],
    ['base64 with CRLF', () => `${wrapped('\r\n')}\r\n`],
    ['base64 in one line', base64],
    ['base64 with blanks and tabs', () => `  ${wrapped(' \n\t')}  \n\n`],
    ['PEM with the label PKCS7', () => armour('PKCS7', p7)],
    ['PEM with the label CMS', () => armour('CMS', p7)],
    ['PEM with the label CERTIFICATE and CRLF', () => armour('CERTIFICATE', p7, '\r\n')],
    ['bare DER', () => p7],
  ];
  for (const [what, encode] of encodings) {
    it(`reads ${what}`, () => {
      expect(certificatesOf(Buffer.from(encode()))).to.deep.equal([issuing, leaf]);
    });
  }

  it('reads any order, duplicates, CRLs and a leaf alone', () => {
    expect(certificatesOf(certsOnly([root, leaf, issuing, leaf, root]))).to.deep.equal([root, leaf, issuing]);
    expect(certificatesOf(certsOnly([leaf], [tlv(0x30, Buffer.from('any'))]))).to.deep.equal([leaf]);
    expect(certificatesOf(certsOnly([leaf]))).to.deep.equal([leaf]);
  });

  it('reads what openssl writes, as DER and as PEM', () => {
    const folder = mkdtempSync(join(tmpdir(), 'inkan-pkcs7-'));
    writeFileSync(join(folder, 'all.pem'), pemOf(leaf) + pemOf(issuing) + pemOf(root));
    for (const form of ['DER', 'PEM']) {
      const parameters = ['crl2pkcs7', '-nocrl', '-certfile', 'all.pem', '-outform', form];
      const { stdout } = spawnSync('openssl', parameters, { cwd: folder, env: { PATH: process.env['PATH'] } });
      expect(certificatesOf(stdout)).to.deep.equal([leaf, issuing, root]);
    }
    rmSync(folder, { recursive: true });
  });

  it('reads the indefinite lengths of Bouncy Castle, as openssl reads them', () => {
    const open = (tag: number, ...contents: Uint8Array[]) =>
      Buffer.concat([Buffer.from([tag, 0x80]), ...contents, Buffer.from([0, 0])]);
    const data = open(0x30, oid('2a864886f70d010701'));
    const signedData = open(0x30, Buffer.from('020101', 'hex'), tlv(0x31), data, open(0xa0, leaf, issuing), tlv(0x31));
    const ber = open(0x30, oid('2a864886f70d010702'), open(0xa0, signedData));
    const parameters = ['pkcs7', '-inform', 'DER', '-print_certs'];
    const { stdout } = spawnSync('openssl', parameters, { input: ber, env: { PATH: process.env['PATH'] } });
    expect(stdout.toString().match(/BEGIN CERTIFICATE/g)).to.have.length(2);
    expect(certificatesOf(ber)).to.deep.equal([leaf, issuing]);
    expect(certificatesOf(Buffer.from(ber.toString('base64')))).to.deep.equal([leaf, issuing]);
  });

  it('writes 64 columns and a final newline', () => {
    const text = Buffer.from(encodeTransfer(Buffer.alloc(100))).toString();
    expect(text.split('\n').map((line) => line.length)).to.deep.equal([64, 64, 8, 0]);
  });

  it('takes sixteen certificates, not seventeen', () => {
    expect(certificatesOf(certsOnly(Array(16).fill(leaf)))).to.deep.equal([leaf]);
    expect(refusal(certsOnly(Array(17).fill(leaf)))).to.equal('ERR_CA_ANSWER_INVALID');
    expect(refusal(certsOnly(Array(50).fill(leaf)))).to.equal('ERR_CA_ANSWER_INVALID');
  });

  const garbage: [string, () => string | Uint8Array][] = [
    ['nothing', () => ''],
    ['no certificates', () => certsOnly([])],
    ['HTML', () => '<!doctype html><html><body>Login</body></html>'],
    ['JSON', () => '{"error":"no"}'],
    ['base64 cut short', () => base64().slice(0, -1)],
    ['DER cut short', () => p7.subarray(0, -1)],
    ['bytes behind the DER', () => Buffer.concat([p7, Buffer.of(0)])],
    ['a bare certificate', () => leaf],
    ['a PEM certificate', () => pemOf(leaf)],
    ['two PEM blocks', () => armour('PKCS7', p7) + armour('PKCS7', p7)],
    ['PKCS#12', () => tlv(0x30, Buffer.from('020103', 'hex'), tlv(0x30, oid('2a864886f70d010701')))],
    ['EnvelopedData', () => tlv(0x30, oid('2a864886f70d010703'), tlv(0xa0, tlv(0x30)))],
    ['something else among the certificates', () => certsOnly([leaf, tlv(0xa1, Buffer.from('x'))])],
    ['an endless nesting', () => Buffer.from('3080'.repeat(100_000), 'hex')],
    ['binary', () => Buffer.from([0xff, 0xfe, 0, 1])],
  ];
  for (const [what, make] of garbage) {
    it(`refuses ${what}`, () => expect(refusal(Buffer.from(make()))).to.equal('ERR_CA_ANSWER_INVALID'));
  }

  it('answers everything else with the code as well', () => {
    forAll(property(uint8Array({ maxLength: 200 }), (bytes) => refusal(bytes) === 'ERR_CA_ANSWER_INVALID'));
    const damage = property(nat(p7.length - 1), nat(255), (at, octet) => {
      const damaged = Buffer.from(p7);
      damaged[at] = octet;
      return ['accepted', 'ERR_CA_ANSWER_INVALID'].includes(refusal(damaged));
    });
    forAll(damage, { numRuns: 2000 });
  });
});

function refusal(body: Uint8Array): string {
  try {
    certificatesOf(body);
    return 'accepted';
  } catch (error) {
    if (error instanceof AgentError) return error.code;
    throw error;
  }
}
