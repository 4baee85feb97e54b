import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { assert, property, uint8Array } from 'fast-check';
import { element, readElements, readSequence, TAG, unsignedInteger } from '../../../agent/token-host/der.ts';
import { ecSpki, rsaSpki } from '../../../agent/token-host/spki.ts';

const fromBase64url = (text = '') => Buffer.from(text, 'base64url');

describe('DER of the token host', () => {
  it('reads back what it writes, for lengths of every form', () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65535, 65536]) {
      const [read, ...more] = readElements(element(TAG.OCTET_STRING, Buffer.alloc(length, 7))) ?? [];
      expect(read?.contents.length).to.equal(length);
      expect(more).to.deep.equal([]);
    }
  });

  it('writes integers without needless zeros, and never negative', () => {
    const hex = (text: string) => unsignedInteger(Buffer.from(text, 'hex')).toString('hex');
    expect([hex(''), hex('00'), hex('7f'), hex('80'), hex('0000ff'), hex('0100')]).to.deep.equal([
      '020100',
      '020100',
      '02017f',
      '02020080',
      '020200ff',
      '02020100',
    ]);
  });

  it('refuses what it cannot follow: indefinite lengths, lengths beyond the end, high tags', () => {
    for (const hex of ['30', '3080', '308000', '3001', '30850100000000', '1f8101', '30020500ff']) {
      expect(readSequence(Buffer.from(hex, 'hex')), hex).to.equal(undefined);
    }
  });

  it('never throws on bytes from outside, and never reads beyond them', () => {
    assert(
      property(uint8Array({ maxLength: 64 }), (bytes) => {
        const read = readElements(bytes);
        const total = read?.reduce((sum, { whole }) => sum + whole.length, 0);
        return total === undefined || total === bytes.length;
      }),
      { numRuns: 5000 },
    );
  });
});

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
      for (const given of [point, element(TAG.OCTET_STRING, point)]) {
        const spki = ecSpki(Buffer.from(oid, 'hex'), given);
        expect(spki.equals(expected)).to.equal(true);
        expect(createPublicKey({ key: spki, format: 'der', type: 'spki' }).equals(publicKey)).to.equal(true);
      }
    }
  });
});
