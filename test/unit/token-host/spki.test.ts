import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { ecSpki, rsaSpki } from '../../../agent/token-host/spki.ts';
import { TAG } from '../../../web-bridge/asn1/read.ts';
import { element } from '../../../web-bridge/asn1/write.ts';

const fromBase64url = (text = '') => Buffer.from(text, 'base64url');

describe('SubjectPublicKeyInfo of the token host', () => {
  it('is what node:crypto exports, for RSA', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const { n, e } = publicKey.export({ format: 'jwk' });
    const spki = rsaSpki(fromBase64url(n), fromBase64url(e));
    expect(spki.equals(publicKey.export({ format: 'der', type: 'spki' }))).to.equal(true);
    const padded = Buffer.concat([Buffer.alloc(1), fromBase64url(n)]);
    expect(rsaSpki(padded, fromBase64url(e)).equals(spki)).to.equal(true);
  });

  it('is what node:crypto exports, for EC, with the point wrapped and bare', () => {
    for (const [namedCurve, oid] of [
      ['P-256', '06082a8648ce3d030107'],
      ['P-384', '06052b81040022'],
    ] as const) {
      const { publicKey } = generateKeyPairSync('ec', { namedCurve });
      const { x, y } = publicKey.export({ format: 'jwk' });
      const point = Buffer.concat([Buffer.from([4]), fromBase64url(x), fromBase64url(y)]);
      const expected = publicKey.export({ format: 'der', type: 'spki' });
      for (const given of [point, element(TAG.octetString, point)]) {
        const spki = ecSpki(Buffer.from(oid, 'hex'), given);
        expect(spki.equals(expected)).to.equal(true);
        expect(createPublicKey({ key: spki, format: 'der', type: 'spki' }).equals(publicKey)).to.equal(true);
      }
    }
  });
});
