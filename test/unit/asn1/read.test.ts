import { expect } from 'chai';
import {
  children,
  readBits,
  readBoolean,
  readCount,
  readOid,
  readTime,
  readTlv,
  readUnsigned,
} from '../../../web-bridge/asn1/read.ts';
import { tlv } from '../../stage/asn1.ts';

const hex = (text: string): Uint8Array => Buffer.from(text, 'hex');
const time = (tag: number, text: string): Date => readTime(readTlv(tlv(tag, Buffer.from(text))));

describe('asn1/read', () => {
  it('reads lengths of every form, and refuses what is not the shortest', () => {
    for (const size of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
      expect(readTlv(tlv(4, Buffer.alloc(size))).value.length).to.equal(size);
    }
    for (const bad of ['', '04', '0481', '048105', '04810100', `048200ff${'00'.repeat(255)}`, '0485000000000100']) {
      expect(() => readTlv(hex(bad)), bad).to.throw(SyntaxError);
    }
    expect(readTlv(hex('04810100'), 'BER').value.length).to.equal(1);
  });

  it('refuses long tags, contents of what has none, and too many elements', () => {
    expect(() => readTlv(hex('1f8101'))).to.throw(SyntaxError);
    expect(() => children(readTlv(hex('040100')))).to.throw(SyntaxError);
    expect(() => children(readTlv(tlv(0x30, Buffer.alloc(2 * 1025, hex('0500')))))).to.throw(SyntaxError);
    expect(children(readTlv(tlv(0x30, Buffer.alloc(2 * 1024, hex('0500')))))).to.have.length(1024);
  });

  it('reads object identifiers', () => {
    const known = { '0603551d0f': '2.5.29.15', '06092a864886f70d010101': '1.2.840.113549.1.1.1', '06028837': '2.999' };
    for (const [bytes, dotted] of Object.entries(known)) expect(readOid(readTlv(hex(bytes)))).to.equal(dotted);
    for (const bad of ['0600', '060180', '06035580 01'.replace(' ', ''), '060a2affffffffffffffff7f', '0401ff']) {
      expect(() => readOid(readTlv(hex(bad))), bad).to.throw(SyntaxError);
    }
  });

  it('reads numbers that are not negative, in their shortest form', () => {
    expect(readCount(readTlv(hex('020100')))).to.equal(0);
    expect(readCount(readTlv(hex('02020080')))).to.equal(128);
    expect(readCount(readTlv(hex('020500ffffffff')))).to.equal(0xffffffff);
    for (const bad of ['0200', '0201ff', '02020001', '02060100000000 00'.replace(' ', '')]) {
      expect(() => readCount(readTlv(hex(bad))), bad).to.throw(SyntaxError);
    }
    expect(readUnsigned(readTlv(hex('02020080')))).to.deep.equal(Buffer.from([0x80]));
  });

  it('reads booleans and bit strings as DER has them', () => {
    expect(readBoolean(readTlv(hex('0101ff')))).to.equal(true);
    expect(readBits(readTlv(hex('03020780'))).octets[0]).to.equal(0x80);
    for (const bad of ['010101', '0100', '0102ffff'])
      expect(() => readBoolean(readTlv(hex(bad)))).to.throw(SyntaxError);
    for (const bad of ['0300', '030108', '030101']) expect(() => readBits(readTlv(hex(bad)))).to.throw(SyntaxError);
  });

  it('reads times to the second in GMT, and days that exist', () => {
    expect(time(0x17, '491231235959Z').toISOString()).to.equal('2049-12-31T23:59:59.000Z');
    expect(time(0x17, '500101000000Z').toISOString()).to.equal('1950-01-01T00:00:00.000Z');
    expect(time(0x18, '99991231235959Z').getUTCFullYear()).to.equal(9999);
    for (const bad of ['2301010000Z', '230230000000Z', '230101000060Z', '230101000000+0900', '20230101000000Z']) {
      expect(() => time(0x17, bad), bad).to.throw(SyntaxError);
    }
    expect(() => time(0x18, '20230101000000.5Z')).to.throw(SyntaxError);
    expect(() => time(4, '230101000000Z')).to.throw(SyntaxError);
  });
});
