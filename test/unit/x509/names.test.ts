import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { asDer, type NameDer } from '../../../web-bridge/asn1/der.ts';
import { displayName, isOrderedSubject, nameDer, sameName, withinSubtree } from '../../../web-bridge/x509/names.ts';
import { tlv } from '../../stage/asn1.ts';
import { makeAuthority, makeLeaf, type Subject, stageName } from '../../stage/authority.ts';

type StringType = Parameters<typeof stageName>[1];
const name = (subject: Subject, as?: StringType): NameDer =>
  asDer<NameDer>(new Uint8Array(stageName(subject, as).toArrayBuffer()));

describe('x509/names', () => {
  it('compares by RFC 5280 §7.1: case, blanks, compatibility characters, string type', () => {
    const one = name([
      ['O', 'Sample  Bank '],
      ['CN', 'Straße ABC'],
    ]);
    expect(
      sameName(
        one,
        name([
          ['O', 'sample bank'],
          ['CN', 'STRASSE ABC'],
        ]),
      ),
    ).to.equal(true);
    expect(sameName(name([['O', 'Bank']]), name([['O', 'Bank']], 'printableString'))).to.equal(true);
    expect(sameName(name([['CN', '山田 太郎']]), name([['CN', '山田　太郎']], 'bmpString'))).to.equal(true);
  });

  it('tells apart other text, type, order, number and grouping of RDNs', () => {
    const one = name([
      ['O', 'Bank'],
      ['CN', 'a'],
    ]);
    for (const other of [
      [
        ['O', 'Bank'],
        ['CN', 'b'],
      ],
      [
        ['OU', 'Bank'],
        ['CN', 'a'],
      ],
      [
        ['CN', 'a'],
        ['O', 'Bank'],
      ],
      [['O', 'Bank']],
      [
        ['O', 'Bank'],
        ['CN', 'a'],
        ['CN', 'a'],
      ],
      [['O', 'Bank, CN=a']],
    ] as Subject[]) {
      expect(sameName(one, name(other)), JSON.stringify(other)).to.equal(false);
    }
    const attribute = (oid: string, text: string) =>
      tlv(0x30, tlv(6, Buffer.from(oid, 'hex')), tlv(12, Buffer.from(text)));
    const grouped = asDer<NameDer>(tlv(0x30, tlv(0x31, attribute('55040a', 'Bank'), attribute('550403', 'a'))));
    expect(sameName(one, grouped)).to.equal(false);
    expect(
      isOrderedSubject(
        grouped,
        [
          ['O', 'Bank'],
          ['CN', 'a'],
        ],
        'any',
      ),
    ).to.equal(false);
    expect(displayName(grouped)).to.equal('O=Bank+CN=a');
  });

  it('judges an ordered subject by the profile: as ordered, or in any order', () => {
    const ordered = [
      ['O', 'Bank'],
      ['CN', 'a'],
      ['OU', 'x'],
      ['OU', 'y'],
    ] as const;
    const rebuilt = name([
      ['CN', 'A'],
      ['OU', 'y'],
      ['OU', 'x'],
      ['O', 'bank'],
    ]);
    expect(isOrderedSubject(name(ordered), ordered, 'as-ordered')).to.equal(true);
    expect(isOrderedSubject(rebuilt, ordered, 'as-ordered')).to.equal(false);
    expect(isOrderedSubject(rebuilt, ordered, 'any')).to.equal(true);
    expect(
      isOrderedSubject(
        name([
          ['CN', 'A'],
          ['OU', 'x'],
          ['OU', 'x'],
          ['O', 'bank'],
        ]),
        ordered,
        'any',
      ),
    ).to.equal(false);
    expect(isOrderedSubject(name([...ordered, ['C', 'JP']]), ordered, 'any')).to.equal(false);
  });

  it('knows a directory subtree', () => {
    const base = name([
      ['C', 'JP'],
      ['O', 'Bank'],
    ]);
    expect(
      withinSubtree(
        name([
          ['C', 'jp'],
          ['O', 'BANK'],
          ['CN', 'a'],
        ]),
        base,
      ),
    ).to.equal(true);
    expect(withinSubtree(base, base)).to.equal(true);
    expect(
      withinSubtree(
        name([
          ['C', 'JP'],
          ['CN', 'a'],
          ['O', 'Bank'],
        ]),
        base,
      ),
    ).to.equal(false);
    expect(withinSubtree(name([['C', 'JP']]), base)).to.equal(false);
  });

  it('shows a name without what could deceive', () => {
    expect(
      displayName(
        name([
          ['C', 'JP'],
          ['O', 'A, B'],
          ['CN', '山田\u202e\n太郎'],
        ]),
      ),
    ).to.equal('C=JP, O=A\\, B, CN=山田\u{fffd}\u{fffd}太郎');
    expect(displayName(name([['1.2.3.4', 'x']]))).to.equal('1.2.3.4=x');
  });

  it('takes the subject of a certificate as openssl does', async () => {
    const { issuing } = await makeAuthority();
    const leaf = await makeLeaf({
      issuer: issuing,
      subject: [
        ['O', '株式会社サンプル'],
        ['CN', 'a'],
      ],
    });
    const env = { PATH: process.env['PATH'] };
    const options = ['x509', '-inform', 'DER', '-noout', '-subject', '-nameopt', 'sep_comma_plus_space,utf8,sname'];
    const { stdout } = spawnSync('openssl', options, { input: leaf, encoding: 'utf8', env });
    expect(`subject=${displayName(nameDer(leaf))}`).to.equal(stdout.trim());
  });

  it('refuses what is not a name', () => {
    for (const hex of ['', '3000ff', '30023100', '300431023000', '3080310000000000', '0500']) {
      const bytes = asDer<NameDer>(Buffer.from(hex, 'hex'));
      expect(() => displayName(bytes), hex).to.throw(SyntaxError);
    }
  });
});
