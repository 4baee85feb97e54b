/** RFC 5280 §4.2.1.10, name by name. Whole paths, with openssl as second judge, stand in `chain.test.ts`. */
import { expect } from 'chai';
import { parseCertificate } from '../../../web-bridge/x509/certificate.ts';
import { keepsWithin, nameConstraints } from '../../../web-bridge/x509/name-constraints.ts';
import { tlv } from '../../stage/asn1.ts';
import {
  type Authority,
  extension,
  makeAuthority,
  makeCa,
  makeLeaf,
  type Subject,
  stageName,
} from '../../stage/authority.ts';

const mail = (text: string) => tlv(0x81, Buffer.from(text));
const host = (text: string) => tlv(0x82, Buffer.from(text));
const address = (text: string) => tlv(0x86, Buffer.from(text));
const directory = (name: Subject) => tlv(0xa4, Buffer.from(stageName(name).toArrayBuffer()));

type Lists = { readonly permitted?: readonly Buffer[]; readonly excluded?: readonly Buffer[] };
type Names = { readonly subject?: Subject; readonly names?: readonly Buffer[] };

describe('x509/name-constraints', () => {
  let ca: Authority;
  before(async () => {
    ca = await makeAuthority();
  });

  const list = (tag: number, bases: readonly Buffer[] = []) =>
    bases.length > 0 ? [tlv(tag, ...bases.map((base) => tlv(0x30, base)))] : [];
  async function constraintsOf(content: readonly Buffer[]) {
    const one = await makeCa({ extensions: [extension('2.5.29.30', true, tlv(0x30, ...content))] });
    const found = nameConstraints(parseCertificate(one.certificate));
    if (!found) throw new Error('no constraints');
    return found;
  }
  async function keeps({ permitted, excluded }: Lists, { subject = [], names = [] }: Names): Promise<boolean> {
    const extensions = names.length > 0 ? [extension('2.5.29.17', false, tlv(0x30, ...names))] : [];
    const leaf = parseCertificate(await makeLeaf({ issuer: ca.issuing, subject, extensions }));
    return keepsWithin(leaf, await constraintsOf([...list(0xa0, permitted), ...list(0xa1, excluded)]));
  }

  it('are none where the extension is not there', async () => {
    expect(nameConstraints(parseCertificate(ca.root.certificate))).to.equal(undefined);
  });

  it('are read by list: permitted and excluded', async () => {
    const found = await constraintsOf([...list(0xa0, [mail('a.example')]), ...list(0xa1, [host('b.example')])]);
    const [permitted, excluded] = [found.permitted, found.excluded].map((bases) =>
      bases.map(({ tag, value }) => [tag, Buffer.from(value).toString()]),
    );
    expect([permitted, excluded]).to.deep.equal([[[0x81, 'a.example']], [[0x82, 'b.example']]]);
  });

  it('with a minimum or maximum of a subtree are refused: nobody uses them (§4.2.1.10)', async () => {
    const bounded = tlv(0xa0, tlv(0x30, mail('a.example'), tlv(0x80, Buffer.of(1))));
    for (const content of [bounded, tlv(0xa0, tlv(0x30))]) {
      const refusal = await constraintsOf([content]).catch((error: unknown) => error);
      expect(refusal).to.be.instanceOf(SyntaxError);
    }
  });

  const MATCHES: readonly [(text: string) => Buffer, string, string, boolean][] = [
    [mail, 'taro@example.co.jp', 'taro@example.co.jp', true],
    [mail, 'taro@example.co.jp', 'jiro@example.co.jp', false],
    [mail, 'example.co.jp', 'taro@Example.co.jp', true],
    [mail, 'example.co.jp', 'taro@sub.example.co.jp', false],
    [mail, 'example.co.jp', 'taro@badexample.co.jp', false],
    [mail, '.example.co.jp', 'taro@sub.example.co.jp', true],
    [mail, '.example.co.jp', 'taro@example.co.jp', false],
    [mail, 'example.co.jp', '"a@b"@example.co.jp', true],
    [host, 'bank.example', 'bank.example', true],
    [host, 'bank.example', 'WWW.bank.example', true],
    [host, 'bank.example', 'rivalbank.example', false],
    [host, 'bank.example', 'bank.example.com', false],
    [host, '.bank.example', 'www.bank.example', true],
    [host, '.bank.example', 'bank.example', false],
    [host, '', 'any.example', true],
  ];
  for (const [form, base, name, matches] of MATCHES)
    it(`${matches ? 'hold' : 'do not hold'} for "${name}" by "${base}"`, async () => {
      expect(await keeps({ permitted: [form(base)] }, { names: [form(name)] }), 'permitted').to.equal(matches);
      expect(await keeps({ excluded: [form(base)] }, { names: [form(name)] }), 'excluded').to.equal(!matches);
    });

  it('say nothing of a name of another form', async () => {
    expect(await keeps({ permitted: [mail('a.example')] }, { names: [host('b.example')] })).to.equal(true);
    expect(await keeps({ excluded: [mail('a.example')] }, { names: [host('a.example')] })).to.equal(true);
  });

  it('hold where one permitted subtree matches, and no excluded one', async () => {
    const permitted = [host('a.example'), host('b.example')];
    expect(await keeps({ permitted }, { names: [host('b.example')] })).to.equal(true);
    expect(await keeps({ permitted }, { names: [host('b.example'), host('c.example')] })).to.equal(false);
    const excluded = [host('secret.b.example'), host('x.example')];
    expect(await keeps({ permitted, excluded }, { names: [host('secret.b.example')] })).to.equal(false);
    expect(await keeps({ permitted, excluded }, { names: [host('open.b.example')] })).to.equal(true);
  });

  it('of a form that is not judged here count as broken by any name of it', async () => {
    const names = [address('https://a.example')];
    expect(await keeps({ permitted: [address('https://a.example')] }, { names })).to.equal(false);
    expect(await keeps({ excluded: [address('https://b.example')] }, { names })).to.equal(false);
    expect(await keeps({ permitted: [host('a.example')], excluded: [mail('a.example')] }, { names })).to.equal(true);
  });

  it('of directory names hold for the subject, where there is one', async () => {
    const permitted = [directory([['O', 'Bank']])];
    const within = [
      ['O', 'bank'],
      ['CN', 'a'],
    ] as const;
    expect(await keeps({ permitted }, { subject: within })).to.equal(true);
    expect(await keeps({ permitted }, { subject: [['O', 'Rival']] })).to.equal(false);
    expect(await keeps({ excluded: permitted }, { subject: within })).to.equal(false);
    expect(await keeps({ permitted }, { names: [host('a.example')] })).to.equal(true);
    expect(await keeps({ permitted }, { names: [directory([['O', 'Rival']])] })).to.equal(false);
  });

  it('of mail hold for an address in the subject, where no alternative name is one (§6.1.3 b)', async () => {
    const permitted = [mail('example.co.jp')];
    const subject = [['E', 'taro@other.example']] as const;
    expect(await keeps({ permitted }, { subject })).to.equal(false);
    expect(await keeps({ permitted }, { subject, names: [host('a.example')] })).to.equal(false);
    expect(await keeps({ permitted }, { subject, names: [mail('taro@example.co.jp')] })).to.equal(true);
    expect(await keeps({ permitted }, { subject: [['E', 'taro@example.co.jp']] })).to.equal(true);
  });
});
