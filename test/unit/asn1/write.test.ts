import { expect } from 'chai';
import { array, assert, constantFrom, nat, property, tuple, uint8Array } from 'fast-check';
import { readBits, readOid, readTlv, readUnsigned, TAG } from '../../../web-bridge/asn1/read.ts';
import { bitString, element, objectIdentifier, unsignedInteger } from '../../../web-bridge/asn1/write.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

describe('asn1/write', () => {
  it('writes lengths in their shortest form', () => {
    const heads: [number, string][] = [
      [0, '0400'],
      [127, '047f'],
      [128, '048180'],
      [255, '0481ff'],
      [256, '04820100'],
      [65_535, '0482ffff'],
      [65_536, '0483010000'],
    ];
    for (const [length, head] of heads) {
      const written = element(TAG.octetString, Buffer.alloc(length, 7));
      expect(written.subarray(0, head.length / 2).toString('hex')).to.equal(head);
      expect(readTlv(written).value.length).to.equal(length);
    }
  });

  it('writes integers without needless zeros, and never negative', () => {
    const written = (text: string): string => unsignedInteger(hex(text)).toString('hex');
    expect(['', '00', '7f', '80', '0000ff', '0100'].map(written)).to.deep.equal([
      '020100',
      '020100',
      '02017f',
      '02020080',
      '020200ff',
      '02020100',
    ]);
    assert(
      property(uint8Array({ minLength: 1, maxLength: 40 }), (octets) => {
        const read = Buffer.from(readUnsigned(readTlv(unsignedInteger(octets)))).toString('hex');
        return BigInt(`0x${read}`) === BigInt(`0x${Buffer.from(octets).toString('hex')}`);
      }),
    );
  });

  it('writes object identifiers as X.690 and RFC 5480 print them', () => {
    const known = {
      '2.999.3': '0603883703', // X.690 §8.19.5
      '1.2.840.10045.3.1.7': '06082a8648ce3d030107',
      '1.3.132.0.34': '06052b81040022',
      '1.2.840.113549.1.1.1': '06092a864886f70d010101',
    };
    for (const [dotted, bytes] of Object.entries(known))
      expect(objectIdentifier(dotted).toString('hex'), dotted).to.equal(bytes);
  });

  it('writes object identifiers that the reader reads back', () => {
    const rest = array(nat(), { maxLength: 8 });
    const identifiers = tuple(constantFrom('0.39', '1.0', '1.39', '2.0', '2.47', '2.48', '2.100000'), rest);
    assert(
      property(identifiers, ([root, components]) => {
        const dotted = [root, ...components].join('.');
        return readOid(readTlv(objectIdentifier(dotted))) === dotted;
      }),
    );
  });

  it('writes bit strings without unused bits', () => {
    expect(bitString(hex('a5')).toString('hex')).to.equal('030200a5');
    expect(readBits(readTlv(bitString(hex('a55a'))))).to.deep.equal({ unused: 0, octets: hex('a55a') });
  });
});
