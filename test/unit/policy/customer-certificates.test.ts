import { expect } from 'chai';
import { customerCertificates, isAcceptable, isNamed, isValidAt } from '../../../agent/policy/customer-certificates.ts';
import { asDer, type CertificateDer } from '../../../web-bridge/asn1/der.ts';
import { type Authority, extension, makeAuthority, makeCa, makeLeaf, type Party } from '../../stage/authority.ts';

const DAY_MS = 24 * 3_600_000;
const days = (count: number) => new Date(Date.now() + count * DAY_MS);

describe("a bank's customers' certificates", () => {
  let bank: Authority;
  before(async () => {
    bank = await makeAuthority();
  });
  const found = (...certificates: readonly CertificateDer[]) =>
    customerCertificates(
      certificates.map((certificate) => ({ certificate })),
      [bank.issuing.pem],
      Date.now(),
    ).map(({ certificate }) => certificate);

  it('are those its CA has signed, the longest valid first, expired ones too', async () => {
    const old = await makeLeaf({ issuer: bank.issuing, notBefore: days(-400), notAfter: days(-35) });
    const young = await makeLeaf({ issuer: bank.issuing, notAfter: days(360) });
    expect(found(old, bank.issuing.certificate, young, bank.root.certificate)).to.deep.equal([young, old]);
  });

  it('are not what only bears the CA’s name, nor a stranger’s, a CA’s or garbage', async () => {
    const impostor: Party = await makeCa({ subject: bank.issuing.name });
    const forged = await makeLeaf({ issuer: impostor });
    const strange = await makeLeaf({ issuer: (await makeAuthority()).issuing });
    const below = await makeCa({ issuer: bank.issuing });
    const garbage = asDer<CertificateDer>(Uint8Array.of(0x30, 0x00));
    expect(found(forged, strange, below.certificate, garbage)).to.deep.equal([]);
  });

  it('are, once expired, those that the CA itself has signed, and never what only bears its name', async () => {
    const expired = { notBefore: days(-400), notAfter: days(-35) };
    // Out of its validity, and by an extension that path validation refuses: the signature alone speaks for it.
    const unknown = [extension('1.2.3', true, Uint8Array.of(5, 0))];
    const old = await makeLeaf({ issuer: bank.issuing, ...expired, extensions: unknown });
    const impostor: Party = await makeCa({ subject: bank.issuing.name });
    const forged = await makeLeaf({ issuer: impostor, ...expired });
    expect(found(old, forged)).to.deep.equal([old]);
  });

  it('are, while they are valid, those with a path: the signature alone does not do', async () => {
    const unknown = [extension('1.2.3', true, Uint8Array.of(5, 0))];
    expect(found(await makeLeaf({ issuer: bank.issuing, extensions: unknown }))).to.deep.equal([]);
  });

  it('are found below an issuing CA whose own certificate lies on the token, where the root is the anchor', async () => {
    const leaf = await makeLeaf({ issuer: bank.issuing });
    const stored = [leaf, bank.issuing.certificate].map((certificate) => ({ certificate }));
    expect(customerCertificates(stored, [bank.root.pem], Date.now())).to.have.lengthOf(1);
    expect(customerCertificates(stored.slice(0, 1), [bank.root.pem], Date.now())).to.have.lengthOf(0);
  });

  it('are named by issuer and serial number, and valid from the first moment to the last', async () => {
    const [notBefore, notAfter] = [new Date(1_800_000_000_000), new Date(1_800_000_100_000)];
    const options = { issuer: bank.issuing, serialNumber: '00a1', notBefore, notAfter };
    const leaf = await makeLeaf(options);
    const [one] = customerCertificates([{ certificate: leaf }], [bank.issuing.pem], Date.now());
    if (!one) throw new Error('not found');
    const issuer = Buffer.from(one.parsed.issuer).toString('base64');
    expect(isNamed(one.parsed, { issuer, serialNumber: 'a1' })).to.equal(true);
    expect(isNamed(one.parsed, { issuer, serialNumber: 'a2' })).to.equal(false);
    expect(isNamed(one.parsed, { issuer: 'MAA=', serialNumber: 'a1' })).to.equal(false);
    const at = [-1, 0, 100_000, 100_001].map((ms) => isValidAt(one.parsed, 1_800_000_000_000 + ms));
    expect(at).to.deep.equal([false, true, true, false]);
  });

  it('lie on tokens that the profile accepts', () => {
    const token = { label: 'Customer', manufacturer: 'Maker', model: 'M1' };
    expect(isAcceptable(token, [])).to.equal(true);
    expect(isAcceptable(token, [{ model: 'M2' }, { model: 'M1', manufacturer: 'Maker' }])).to.equal(true);
    expect(isAcceptable(token, [{ model: 'M1', label: 'Other' }])).to.equal(false);
    for (const [name, value] of Object.entries({ label: 'Customer', manufacturer: 'Maker', model: 'M1' })) {
      expect(isAcceptable(token, [{ [name]: value }]), name).to.equal(true);
      expect(isAcceptable(token, [{ [name]: `${value}x` }]), name).to.equal(false);
    }
  });
});
