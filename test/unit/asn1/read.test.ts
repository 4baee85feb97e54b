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
  sequence,
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
    expect(() => readTlv(Buffer.concat([hex('04817f'), Buffer.alloc(127)]))).to.throw(SyntaxError);
  });

  it('refuses an element that is cut short, by either rules', () => {
    for (const bad of ['', '04', '040205', '0482ff', '048201'])
      for (const rules of ['DER', 'BER'] as const)
        expect(() => readTlv(hex(bad), rules), `${bad} as ${rules}`).to.throw(SyntaxError);
  });

  it('reads lengths of at most four octets', () => {
    expect(readTlv(hex('04840000000100'), 'BER').value).to.deep.equal(hex('00'));
    expect(() => readTlv(hex('0485000000000100'), 'BER')).to.throw(SyntaxError);
  });

  it('reads DER inside, unless told otherwise', () => {
    const inside = readTlv(hex('300404810100'));
    expect(() => children(inside)).to.throw(SyntaxError);
    expect(() => sequence(inside)).to.throw(SyntaxError);
    expect(children(inside, 'BER')).to.have.lengthOf(1);
    expect(sequence(inside, 'BER')).to.have.lengthOf(1);
  });

  it('reads an indefinite length as BER has it: up to the end-of-contents', () => {
    const contents = '050001010f02020000040000010a';
    const whole = hex(`3080${contents}0000`);
    expect(readTlv(whole, 'BER')).to.deep.equal({ tag: 0x30, value: hex(contents), raw: whole });
    const [first, second, third] = children(readTlv(tlv(0x30, hex('0500'), whole, hex('0401aa'))), 'BER');
    expect([first?.raw, second?.raw, third?.raw]).to.deep.equal([hex('0500'), whole, hex('0401aa')]);
    expect(second?.value).to.deep.equal(hex(contents));
    expect(readTlv(hex('a0800000'), 'BER').value).to.have.lengthOf(0);
  });

  it('refuses an indefinite length in DER, without an end, and of what has no elements inside', () => {
    expect(() => readTlv(hex('3080050000 00'.replace(' ', '')))).to.throw(SyntaxError);
    for (const bad of ['3080', '30800500', '3080050000', '308005000001', '04800000', '05800000', '1f800000'])
      expect(() => readTlv(hex(bad), 'BER'), bad).to.throw(SyntaxError);
  });

  it('reads seventeen indefinite lengths inside each other, and no more', () => {
    const nested = (levels: number) => hex('3080'.repeat(levels) + '0000'.repeat(levels));
    expect(readTlv(nested(17), 'BER').raw).to.have.lengthOf(17 * 4);
    expect(() => readTlv(nested(18), 'BER')).to.throw(SyntaxError);
    expect(children(readTlv(tlv(0x30, nested(17))), 'BER')).to.have.lengthOf(1);
    expect(() => children(readTlv(tlv(0x30, nested(18))), 'BER')).to.throw(SyntaxError);
  });

  it('refuses long tags, contents of what has none, and too many elements', () => {
    for (const long of ['1f0100', '3f0100', 'bf0100', '1f8101'])
      expect(() => readTlv(hex(long)), long).to.throw(SyntaxError);
    expect(readTlv(hex('1e0100')).tag).to.equal(0x1e);
    for (const primitive of ['04020500', '05020500', '82020500'])
      expect(() => children(readTlv(hex(primitive))), primitive).to.throw(SyntaxError);
    expect(children(readTlv(hex('a0020500')))).to.have.lengthOf(1);
    expect(() => children(readTlv(tlv(0x30, Buffer.alloc(2 * 1025, hex('0500')))))).to.throw(SyntaxError);
    expect(children(readTlv(tlv(0x30, Buffer.alloc(2 * 1024, hex('0500')))))).to.have.length(1024);
  });

  it('reads object identifiers', () => {
    const known = {
      '0603551d0f': '2.5.29.15',
      '06092a864886f70d010101': '1.2.840.113549.1.1.1',
      '06028837': '2.999',
      '060127': '0.39',
      '060128': '1.0',
      '06014f': '1.39',
      '060150': '2.0',
      '06022a7f': '1.2.127',
      '06042a818000': '1.2.16384',
    };
    for (const [bytes, dotted] of Object.entries(known)) expect(readOid(readTlv(hex(bytes)))).to.equal(dotted);
    for (const bad of [
      '0600',
      '060180',
      '06035580 01'.replace(' ', ''),
      '060a2affffffffffffffff7f',
      '0401ff',
      '0403551d0f',
      '06022a80',
      '06032a8180',
      '06028001',
    ]) {
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
    expect(readCount(readTlv(hex('02017f')))).to.equal(0x7f);
    expect(readCount(readTlv(hex('02020506')))).to.equal(0x0506);
    for (const bad of ['020180', '0202007f', '02050100000000', '040101'])
      expect(() => readCount(readTlv(hex(bad))), bad).to.throw(SyntaxError);
    expect(readUnsigned(readTlv(hex('02020080')))).to.deep.equal(Buffer.from([0x80]));
  });

  it('reads booleans and bit strings as DER has them', () => {
    expect(readBoolean(readTlv(hex('0101ff')))).to.equal(true);
    expect(readBoolean(readTlv(hex('010100')))).to.equal(false);
    expect(readBits(readTlv(hex('03020780')))).to.deep.equal({ unused: 7, octets: hex('80') });
    expect(readBits(readTlv(hex('030100')))).to.deep.equal({ unused: 0, octets: hex('') });
    expect(() => readBits(readTlv(hex('03020800')))).to.throw(SyntaxError);
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

  it('refuses an object identifier whose last octet says that another follows, be it 80', () => {
    expect(() => readOid(readTlv(Uint8Array.of(0x06, 3, 0x2a, 0x81, 0x80)))).to.throw(SyntaxError);
    expect(() => readOid(readTlv(Uint8Array.of(0x06, 2, 0x2a, 0x81)))).to.throw(SyntaxError);
  });

  it('refuses a time in the type of another string, and a time type without a time', () => {
    const text = Buffer.from('270101000000Z');
    expect(readTime(readTlv(Uint8Array.of(0x17, text.length, ...text))).toISOString()).to.equal(
      '2027-01-01T00:00:00.000Z',
    );
    expect(() => readTime(readTlv(Uint8Array.of(0x16, text.length, ...text)))).to.throw(SyntaxError, 'bad time');
    expect(() => readTime(readTlv(Uint8Array.of(0x17, 2, 0x32, 0x37)))).to.throw(SyntaxError, 'bad time');
  });
});
