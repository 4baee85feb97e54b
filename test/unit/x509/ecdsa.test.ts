import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { expect } from 'chai';
import { ecdsaFromDer, ecdsaToDer } from '../../../web-bridge/x509/ecdsa.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const CURVES = [
  ['P-256', 32],
  ['P-384', 48],
  ['P-521', 66],
] as const;

describe('x509/ecdsa', () => {
  for (const [namedCurve, coordinateBytes] of CURVES)
    it(`converts 300 signatures on ${namedCurve} both ways, and OpenSSL verifies them`, () => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
      for (let round = 0; round < 300; round += 1) {
        const data = Buffer.of(round, round >> 8);
        const raw = sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
        const der = ecdsaToDer(raw);
        expect(verify('sha256', data, publicKey, der)).to.equal(true);
        expect(Buffer.from(ecdsaFromDer(der, coordinateBytes)).equals(raw)).to.equal(true);
      }
    });

  it('drops leading zeros, keeps a high bit positive, and restores the length', () => {
    const cases: [string, string][] = [
      ['00010002', '3006020101020102'],
      ['80ff0000', '300802030080ff020100'],
    ];
    for (const [raw, der] of cases) {
      expect(Buffer.from(ecdsaToDer(hex(raw))).toString('hex')).to.equal(der);
      expect(Buffer.from(ecdsaFromDer(hex(der), 2)).toString('hex')).to.equal(raw);
    }
  });

  it('refuses r‖s of an odd length, of none, and longer than any of our curves', () => {
    for (const length of [0, 1, 63, 134])
      expect(() => ecdsaToDer(Buffer.alloc(length)), `${length}`).to.throw(RangeError);
    expect(ecdsaToDer(Buffer.alloc(132))).to.have.length(8);
  });

  it('refuses a SEQUENCE that does not hold two positive integers of at most that length', () => {
    const bad = {
      'a negative s': '3006020101020101ff',
      'a negative r': '3006020180020101',
      'r alone': '3003020101',
      'a third integer': '3009020101020101020101',
      'r too long': '300702020101020101',
      's too long': '300702010102020101',
      'a needless zero': '300702020001020101',
      'bytes behind it': '300602010102010100',
    };
    for (const [what, der] of Object.entries(bad)) expect(() => ecdsaFromDer(hex(der), 1), what).to.throw(SyntaxError);
  });
});
