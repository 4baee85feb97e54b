import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { pointOf, publicHalfOf } from '../../../agent/token-host/public-half.ts';
import { tlv } from '../../stage/asn1.ts';

const ecKey = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).publicKey;

describe('the public half of a key on the token', () => {
  for (const [curve, coordinateBytes] of [
    ['P-256', 32],
    ['P-384', 48],
  ] as const)
    it(`takes CKA_EC_POINT on ${curve} as an OCTET STRING, and bare`, () => {
      const point = Buffer.concat([Buffer.of(4), Buffer.alloc(2 * coordinateBytes, 0xa5)]);
      expect(Buffer.from(pointOf(tlv(0x04, point))).equals(point)).to.equal(true);
      expect(Buffer.from(pointOf(point)).equals(point)).to.equal(true);
    });

  it('has the type of the key, and none where we do not use such keys or the bytes are no key', () => {
    const spkiOf = (curve: string): Buffer => ecKey(curve).export({ format: 'der', type: 'spki' });
    expect(publicHalfOf(spkiOf('P-384'))?.keyType).to.equal('ec-p384');
    expect(publicHalfOf(spkiOf('secp256k1'))).to.equal(undefined);
    for (const bytes of [Buffer.alloc(0), Buffer.from('no key'), spkiOf('P-256').subarray(1)])
      expect(publicHalfOf(bytes)).to.equal(undefined);
  });
});
