import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { CertificateDer } from '../../../web-bridge/asn1/der.ts';
import { AgentError } from '../../../web-bridge/protocol/errors.ts';
import { parseCertificate } from '../../../web-bridge/x509/certificate.ts';
import { validatePath } from '../../../web-bridge/x509/chain.ts';
import { pemOf, tlv } from '../../stage/asn1.ts';
import {
  type Authority,
  type CertificateOptions,
  extension,
  makeAuthority,
  makeCa,
  makeCertificate,
  makeKeyPair,
  makeLeaf,
  type Party,
  stageName,
} from '../../stage/authority.ts';
import { refusalOf } from '../../stage/refusal.ts';

const NOW = Date.now();
const PAST = { notBefore: new Date(NOW - 10 * 86_400_000), notAfter: new Date(NOW - 86_400_000) };
const FUTURE = { notBefore: new Date(NOW + 86_400_000), notAfter: new Date(NOW + 10 * 86_400_000) };
const SUBJECT = [
  ['O', 'Stage Bank'],
  ['CN', 'customer'],
] as const;

type Case = { leaf: CertificateDer; between: readonly CertificateDer[]; anchors: readonly CertificateDer[] };

describe('x509/chain', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inkan-chain-'));
  let ca: Authority;
  let another: Authority;
  before(async () => {
    [ca, another] = await Promise.all([makeAuthority(), makeAuthority()]);
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Our verdict: the issuers' serial numbers, or the reason. */
  function ours({ leaf, between, anchors }: Case): string {
    try {
      const parsed = (list: readonly CertificateDer[]) => list.map(parseCertificate);
      const request = {
        leaf: parseCertificate(leaf),
        intermediates: parsed(between),
        anchors: parsed(anchors),
        now: NOW,
      };
      return `path of ${validatePath(request).length}`;
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      expect(error.code).to.equal('ERR_CERTIFICATE_UNTRUSTED');
      expect(error.details['at']).to.match(/^([0-9a-f]{2})+$/);
      return String(error.details['reason']);
    }
  }

  function openssl({ leaf, between, anchors }: Case): boolean {
    const file = (name: string, list: readonly CertificateDer[]): string => {
      writeFileSync(join(folder, name), list.map(pemOf).join(''));
      return join(folder, name);
    };
    const untrusted = between.length > 0 ? ['-untrusted', file('between.pem', between)] : [];
    const parameters = [
      'verify',
      '-partial_chain',
      '-no-CAfile',
      '-no-CApath',
      '-no-CAstore',
      '-trusted',
      file('anchors.pem', anchors),
      ...untrusted,
      file('leaf.pem', [leaf]),
    ];
    return spawnSync('openssl', parameters, { env: { PATH: process.env['PATH'] } }).status === 0;
  }

  function expectVerdict(one: Case, verdict: string, opensslAgrees = true): void {
    expect(ours(one)).to.equal(verdict);
    expect(openssl(one), 'openssl').to.equal(verdict.startsWith('path of') === opensslAgrees);
  }

  async function below(
    options: Partial<CertificateOptions>,
    leafOptions: Partial<CertificateOptions> = {},
  ): Promise<Case & { party: Party }> {
    const party = await makeCa({ subject: [['CN', 'Between']], issuer: ca.root, ...options });
    const leaf = await makeLeaf({ issuer: party, subject: SUBJECT, ...leafOptions });
    return { leaf, between: [party.certificate], anchors: [ca.root.certificate], party };
  }

  it('finds the path whatever the order and the strangers', async () => {
    const leaf = await makeLeaf({ issuer: ca.issuing, subject: SUBJECT });
    const between = [
      another.issuing.certificate,
      another.root.certificate,
      ca.issuing.certificate,
      ca.issuing.certificate,
    ];
    expectVerdict({ leaf, between, anchors: [another.root.certificate, ca.root.certificate] }, 'path of 2');
  });

  it('takes an issuing CA as the trust anchor', async () => {
    const leaf = await makeLeaf({ issuer: ca.issuing, subject: SUBJECT });
    expectVerdict({ leaf, between: [], anchors: [ca.issuing.certificate] }, 'path of 1');
  });

  it('works with RSA and with P-384', async function () {
    this.timeout(20_000);
    for (const keyType of ['rsa-2048', 'ec-p384'] as const) {
      const authority = await makeAuthority(keyType);
      const leaf = await makeLeaf({ issuer: authority.issuing, subject: SUBJECT });
      expectVerdict(
        { leaf, between: [authority.issuing.certificate], anchors: [authority.root.certificate] },
        'path of 2',
      );
    }
  });

  it('refuses another root of the same name', async () => {
    const leaf = await makeLeaf({ issuer: ca.issuing, subject: SUBJECT });
    expectVerdict({ leaf, between: [ca.issuing.certificate], anchors: [another.root.certificate] }, 'no-path');
  });

  it('does not trust a root because the answer holds it', async () => {
    const leaf = await makeLeaf({ issuer: another.issuing, subject: SUBJECT });
    const between = [another.issuing.certificate, another.root.certificate];
    expectVerdict({ leaf, between, anchors: [ca.issuing.certificate] }, 'no-path');
  });

  it('refuses a missing intermediate', async () => {
    const leaf = await makeLeaf({ issuer: ca.issuing, subject: SUBJECT });
    expectVerdict({ leaf, between: [], anchors: [ca.root.certificate] }, 'no-path');
  });

  it('refuses a leaf issued by an end-entity certificate', async () => {
    expectVerdict(await below({ ca: false, keyUsage: ['digitalSignature'] }), 'not-a-ca');
    expectVerdict(await below({ ca: false, keyUsage: ['digitalSignature', 'keyCertSign'] }), 'not-a-ca');
    expectVerdict(await below({ ca: undefined, keyUsage: undefined }), 'not-a-ca');
  });

  it('refuses an expired intermediate, and one that is not yet valid', async () => {
    expectVerdict(await below(PAST), 'expired');
    expectVerdict(await below(FUTURE), 'not-yet-valid');
  });

  it('refuses an expired trust anchor', async () => {
    const root = await makeCa({ subject: [['CN', 'Old Root']], ...PAST });
    const leaf = await makeLeaf({ issuer: root, subject: SUBJECT });
    expectVerdict({ leaf, between: [], anchors: [root.certificate] }, 'expired');
  });

  it('grants five minutes of clock skew, to the millisecond, at both ends', async () => {
    const [notBefore, notAfter] = [new Date('2030-01-01T00:00:00Z'), new Date('2030-01-02T00:00:00Z')];
    const years = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2040-01-01T00:00:00Z') };
    const root = parseCertificate((await makeCa({ keys: ca.root.keys, ...years })).certificate);
    const issuer = { ...ca.root, name: stageName([['CN', 'Years']]) };
    const anchor = parseCertificate((await makeCa({ keys: ca.root.keys, subject: issuer.name, ...years })).certificate);
    const leaf = parseCertificate(await makeLeaf({ issuer, subject: SUBJECT, notBefore, notAfter }));
    const verdictAt = async (now: number) => {
      const request = { leaf, intermediates: [], anchors: [root, anchor], now };
      return refusalOf(() => validatePath(request));
    };
    const skew = 5 * 60_000;
    for (const now of [notBefore.getTime() - skew, notAfter.getTime() + skew])
      expect(await verdictAt(now)).to.equal('not refused');
    for (const now of [notBefore.getTime() - skew - 1, notAfter.getTime() + skew + 1])
      expect(await verdictAt(now)).to.equal('ERR_CERTIFICATE_UNTRUSTED');
  });

  it('goes up by eight intermediates and no more', async () => {
    let issuer = ca.root;
    const between: CertificateDer[] = [];
    const verdicts: string[] = [];
    for (let level = 1; level <= 9; level += 1) {
      issuer = await makeCa({ subject: [['CN', `Level ${level}`]], issuer });
      between.push(issuer.certificate);
      const leaf = await makeLeaf({ issuer, subject: SUBJECT });
      if (level >= 8) verdicts.push(ours({ leaf, between, anchors: [ca.root.certificate] }));
    }
    expect(verdicts).to.deep.equal(['path of 9', 'no-path']);
  });

  it('refuses a path longer than pathLenConstraint allows', async () => {
    const deeper = await makeCa({ subject: [['CN', 'Deeper']], issuer: ca.issuing });
    const leaf = await makeLeaf({ issuer: deeper, subject: SUBJECT });
    const between = [deeper.certificate, ca.issuing.certificate];
    expectVerdict({ leaf, between, anchors: [ca.root.certificate] }, 'path-too-long');
    expectVerdict({ leaf, between: [deeper.certificate], anchors: [ca.issuing.certificate] }, 'path-too-long');
  });

  it('counts pathLenConstraint without self-issued certificates', async () => {
    const keys = await makeKeyPair();
    const subject = [
      ['O', 'Stage Bank'],
      ['CN', 'Stage Issuing CA'],
    ] as const;
    const rolled = await makeCa({ subject, issuer: ca.issuing, keys });
    const leaf = await makeLeaf({ issuer: rolled, subject: SUBJECT });
    expectVerdict(
      { leaf, between: [rolled.certificate, ca.issuing.certificate], anchors: [ca.root.certificate] },
      'path of 3',
    );
  });

  it('refuses an issuer without keyCertSign', async () => {
    expectVerdict(await below({ keyUsage: ['cRLSign', 'digitalSignature'] }), 'no-key-cert-sign');
  });

  it('refuses an unknown critical extension, in a CA and in the leaf, and accepts one that is not critical', async () => {
    const unknown = (critical: boolean) => [extension('1.2.3.4.5', critical, Buffer.from('0500', 'hex'))];
    expectVerdict(await below({ extensions: unknown(true) }), 'unknown-critical-extension');
    expectVerdict(await below({}, { extensions: unknown(true) }), 'unknown-critical-extension');
    expectVerdict(await below({ extensions: unknown(false) }, { extensions: unknown(false) }), 'path of 2');
  });

  // openssl looks at policies only when told to.
  it('refuses critical policy constraints, which it does not process', async () => {
    const explicitPolicy = extension('2.5.29.36', true, tlv(0x30, Buffer.from('800100', 'hex')));
    expectVerdict(await below({ extensions: [explicitPolicy] }), 'unknown-critical-extension', false);
  });

  it('refuses SHA-1 in the path and RSA below 2048', async function () {
    this.timeout(20_000);
    const rsa = await makeCa({ keyType: 'rsa-2048', subject: [['CN', 'RSA Root']] });
    const signedBySha1 = await makeCa({ subject: [['CN', 'Between']], issuer: rsa, hash: 'SHA-1' });
    const leaf = await makeLeaf({ issuer: signedBySha1, subject: SUBJECT });
    expect(ours({ leaf, between: [signedBySha1.certificate], anchors: [rsa.certificate] })).to.equal('weak-signature');
    const small = await below({ keys: await makeKeyPair('rsa-1024') });
    expect(ours(small)).to.equal('weak-key');
  });

  it('refuses names outside the name constraints', async () => {
    const constraints = (permitted: Buffer[], excluded: Buffer[] = []) => {
      const list = (tag: number, bases: Buffer[]) =>
        bases.length > 0 ? [tlv(tag, ...bases.map((base) => tlv(0x30, base)))] : [];
      return [extension('2.5.29.30', true, tlv(0x30, ...list(0xa0, permitted), ...list(0xa1, excluded)))];
    };
    const directory = (name: readonly (readonly [string, string])[]) =>
      tlv(0xa4, Buffer.from(stageName(name).toArrayBuffer()));
    const bank = directory([['O', 'stage  BANK']]);
    const rival = directory([['O', 'Rival']]);
    const mail = (text: string) => tlv(0x81, Buffer.from(text));
    const san = (...names: Buffer[]) => [extension('2.5.29.17', false, tlv(0x30, ...names))];
    expectVerdict(await below({ extensions: constraints([bank]) }), 'path of 2');
    expectVerdict(await below({ extensions: constraints([rival]) }), 'name-constraints');
    expectVerdict(await below({ extensions: constraints([rival, bank]) }), 'path of 2');
    expectVerdict(await below({ extensions: constraints([], [bank]) }), 'name-constraints');
    expectVerdict(await below({ extensions: constraints([], [rival]) }), 'path of 2');
    const example = constraints([mail('example.co.jp')]);
    expectVerdict(await below({ extensions: example }, { extensions: san(mail('taro@example.co.jp')) }), 'path of 2');
    expectVerdict(
      await below({ extensions: example }, { extensions: san(mail('taro@example.com')) }),
      'name-constraints',
    );
    const host = (text: string) => tlv(0x82, Buffer.from(text));
    const bankHosts = constraints([host('bank.example')], [host('test.bank.example')]);
    for (const [given, verdict] of [
      ['bank.example', 'path of 2'],
      ['www.Bank.example', 'path of 2'],
      ['rivalbank.example', 'name-constraints'],
      ['a.test.bank.example', 'name-constraints'],
    ] as const) {
      expectVerdict(await below({ extensions: bankHosts }, { extensions: san(host(given)) }), verdict);
    }
    const address = tlv(0x87, Buffer.from([10, 0, 0, 0, 255, 0, 0, 0]));
    const numbered = san(tlv(0x87, Buffer.from([10, 1, 1, 1])));
    // An address within the range: openssl can tell, we cannot and refuse.
    expectVerdict(
      await below({ extensions: constraints([address]) }, { extensions: numbered }),
      'name-constraints',
      false,
    );
  });

  it('ends with certificates that sign each other in a ring', async () => {
    const [a, b] = [await makeKeyPair(), await makeKeyPair()];
    const [nameA, nameB] = [stageName([['CN', 'A']]), stageName([['CN', 'B']])];
    const party = (keys: typeof a, name: typeof nameA): Party => ({
      keys,
      name,
      certificate: ca.root.certificate,
      pem: '',
    });
    const usual = { ca: true, keyUsage: ['keyCertSign'] } as const;
    const between: CertificateDer[] = [];
    for (let round = 0; round < 8; round += 1) {
      between.push(await makeCertificate({ ...usual, issuer: party(b, nameB), keys: a, subject: nameA }));
      between.push(await makeCertificate({ ...usual, issuer: party(a, nameA), keys: b, subject: nameB }));
    }
    const leaf = await makeLeaf({ issuer: party(a, nameA), subject: SUBJECT });
    expect(ours({ leaf, between, anchors: [ca.root.certificate] })).to.equal('no-path');
  });

  /** A customer's certificate, and CAs that all bear its issuer's name: `strangers` with another key, then the right one. */
  async function namesakes(strangers: number): Promise<Case> {
    const subject = [['CN', 'Namesake']] as const;
    const right = await makeCa({ subject, issuer: ca.root });
    const keys = await makeKeyPair();
    const stranger = () => makeCa({ subject, issuer: ca.root, keys });
    const others = await Promise.all(Array.from({ length: strangers }, stranger));
    const between = [...others, right].map(({ certificate }) => certificate);
    const leaf = await makeLeaf({ issuer: right, subject: SUBJECT });
    return { leaf, between, anchors: [ca.root.certificate] };
  }

  it('verifies 64 signatures at most: 62 CAs of one name, the right one, and its anchor', async () => {
    expect(ours(await namesakes(62))).to.equal('path of 2');
    expect(ours(await namesakes(63))).to.equal('no-path');
  });

  it('does not stop at a wrong path when there is a right one', async () => {
    const keys = await makeKeyPair();
    const subject = [['CN', 'Twice']] as const;
    const expired = await makeCa({ issuer: ca.root, keys, subject, ...PAST });
    const valid = await makeCa({ issuer: ca.root, keys, subject });
    const leaf = await makeLeaf({ issuer: expired, subject: SUBJECT });
    expectVerdict(
      { leaf, between: [expired.certificate, valid.certificate], anchors: [ca.root.certificate] },
      'path of 2',
    );
  });
});
