import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { asDer, type NameDer } from '../../../web-bridge/asn1/der.ts';
import {
  attributeTexts,
  displayName,
  isOrderedSubject,
  nameDer,
  oidOf,
  sameName,
  sameRdns,
  withinSubtree,
} from '../../../web-bridge/x509/names.ts';
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

  const attribute = (type: string, tag: number, text: Uint8Array) =>
    tlv(0x30, tlv(6, Buffer.from(type, 'hex')), tlv(tag, text));
  const ofAttributes = (...attributes: Buffer[]): NameDer =>
    asDer<NameDer>(tlv(0x30, ...attributes.map((one) => tlv(0x31, one))));
  const COMMON_NAME = '550403';

  for (const [tag, type, text] of [
    [0x0c, 'UTF8String', Buffer.from('42')],
    [0x12, 'NumericString', Buffer.from('42')],
    [0x13, 'PrintableString', Buffer.from('42')],
    [0x14, 'TeletexString', Buffer.from('42')],
    [0x16, 'IA5String', Buffer.from('42')],
    [0x1e, 'BMPString', Buffer.from([0, 0x34, 0, 0x32])],
  ] as const)
    it(`reads a ${type} as text`, () => {
      const one = ofAttributes(attribute(COMMON_NAME, tag, text));
      expect(displayName(one)).to.equal('CN=42');
      expect(sameName(one, name([['CN', '42']]))).to.equal(true);
    });

  it('compares what is no string octet by octet, and shows it as hexadecimal', () => {
    const [one, two] = [0, 1].map((last) => ofAttributes(attribute(COMMON_NAME, 0x04, Buffer.of(1, last))));
    expect(displayName(one!)).to.equal('CN=#04020100');
    expect([sameName(one!, one!), sameName(one!, two!)]).to.deep.equal([true, false]);
  });

  it('refuses text that its type does not allow, and keeps a byte order mark as a character', () => {
    for (const [tag, text] of [
      [0x0c, [0xff]],
      [0x1e, [0xd8, 0]],
      [0x1e, [0]],
    ] as const)
      expect(() => displayName(ofAttributes(attribute(COMMON_NAME, tag, Buffer.from(text))))).to.throw(SyntaxError);
    const marked = ofAttributes(attribute(COMMON_NAME, 0x0c, Buffer.from('\ufeffa')));
    expect(attributeTexts(marked, 'CN')).to.deep.equal(['\ufeffa']);
    const utf16 = ofAttributes(attribute(COMMON_NAME, 0x1e, Buffer.from([0xfe, 0xff, 0, 0x61])));
    expect(attributeTexts(utf16, 'CN')).to.deep.equal(['\ufeffa']);
  });

  it('has the texts of one attribute type, in their order, and none of what is no text', () => {
    const several = name([
      ['OU', 'a'],
      ['CN', 'b'],
      ['OU', 'c'],
    ]);
    expect(attributeTexts(several, 'OU')).to.deep.equal(['a', 'c']);
    expect(attributeTexts(several, 'E')).to.deep.equal([]);
    expect(attributeTexts(ofAttributes(attribute(COMMON_NAME, 0x04, Buffer.of(1))), 'CN')).to.deep.equal([]);
  });

  it('is the same in any order of RDNs where the profile says so', () => {
    const [one, other] = [
      ['O', 'CN'],
      ['CN', 'O'],
    ].map((types) => name(types.map((type) => [type, type === 'O' ? 'Bank' : 'a'] as const)));
    expect([sameName(one!, other!), sameRdns(one!, other!)]).to.deep.equal([false, true]);
    expect(sameRdns(one!, name([['O', 'Bank']]))).to.equal(false);
  });

  /** RFC 4519, PKCS#9 and ETSI: our short name, and what openssl calls it. */
  const OPENSSL_NAMES = {
    CN: 'commonName',
    SN: 'surname',
    serialNumber: 'serialNumber',
    C: 'countryName',
    L: 'localityName',
    ST: 'stateOrProvinceName',
    STREET: 'streetAddress',
    O: 'organizationName',
    OU: 'organizationalUnitName',
    title: 'title',
    GN: 'givenName',
    organizationIdentifier: 'organizationIdentifier',
    DC: 'domainComponent',
    UID: 'userId',
    E: 'emailAddress',
  };
  for (const [short, long] of Object.entries(OPENSSL_NAMES))
    it(`means by ${short} what openssl calls ${long}`, () => {
      const one = name([[oidOf(short), 'x']]);
      expect(displayName(one)).to.equal(`${short}=x`);
      const options = { input: one, encoding: 'utf8', env: { PATH: process.env['PATH'] } } as const;
      const { stdout } = spawnSync('openssl', ['asn1parse', '-inform', 'DER'], options);
      expect(stdout).to.match(new RegExp(`OBJECT +:${long}\n`));
    });

  it('knows no other short name, and none that objects inherit', () => {
    for (const type of ['constructor', 'toString', 'cn', '']) expect(() => oidOf(type)).to.throw(RangeError);
  });

  it('refuses an attribute of more than type and value, or of less', () => {
    const type = tlv(6, Buffer.from(COMMON_NAME, 'hex'));
    const value = tlv(12, Buffer.from('a'));
    for (const one of [tlv(0x30, type), tlv(0x30, type, value, value)])
      expect(() => displayName(ofAttributes(one))).to.throw(SyntaxError);
  });

  it('refuses what is not a name', () => {
    for (const hex of ['', '3000ff', '30023100', '300431023000', '3080310000000000', '0500']) {
      const bytes = asDer<NameDer>(Buffer.from(hex, 'hex'));
      expect(() => displayName(bytes), hex).to.throw(SyntaxError);
    }
  });
});
