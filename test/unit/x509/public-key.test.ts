import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect } from 'chai';
import { asDer, type SpkiDer } from '../../../web-bridge/asn1/der.ts';
import { ecSpki, keyTypeOf, parsePublicKey, rsaSpki } from '../../../web-bridge/x509/public-key.ts';
import { oid, tlv } from '../../stage/asn1.ts';

const spkiOf = (key: KeyObject): SpkiDer => asDer(key.export({ format: 'der', type: 'spki' }));
const rsaKey = (modulusLength: number): KeyObject => generateKeyPairSync('rsa', { modulusLength }).publicKey;
const ecKey = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).publicKey;
const fromBase64url = (text = ''): Buffer => Buffer.from(text, 'base64url');
const CURVES = [
  ['P-256', '1.2.840.10045.3.1.7'],
  ['P-384', '1.3.132.0.34'],
  ['P-521', '1.3.132.0.35'],
] as const;

describe('x509/public-key', () => {
  it('writes an RSA key as node:crypto does, also of a modulus with leading zeros', () => {
    const key = rsaKey(2048);
    const { n, e } = key.export({ format: 'jwk' });
    const padded = Buffer.concat([Buffer.alloc(1), fromBase64url(n)]);
    for (const modulus of [fromBase64url(n), padded])
      expect(Buffer.from(rsaSpki(modulus, fromBase64url(e))).equals(spkiOf(key))).to.equal(true);
  });

  for (const [namedCurve, curveOid] of CURVES)
    it(`writes and reads a key on ${namedCurve} as node:crypto does`, () => {
      const key = ecKey(namedCurve);
      const { x, y } = key.export({ format: 'jwk' });
      const point = Buffer.concat([Buffer.of(4), fromBase64url(x), fromBase64url(y)]);
      expect(Buffer.from(ecSpki(curveOid, point)).equals(spkiOf(key))).to.equal(true);
      expect(parsePublicKey(spkiOf(key))).to.deep.equal({
        algorithmOid: '1.2.840.10045.2.1',
        modulusBits: undefined,
        curveOid,
      });
    });

  it('counts the bits of a modulus exactly', () => {
    const moduli: [number, number, number][] = [
      [0x7f, 256, 2047],
      [0x80, 256, 2048],
      [0x01, 257, 2049],
      [0x01, 256, 2041],
    ];
    for (const [first, octets, modulusBits] of moduli) {
      const spki = rsaSpki(Buffer.alloc(octets, 0x55).fill(first, 0, 1), Buffer.of(1, 0, 1));
      expect(parsePublicKey(spki)).to.include({ algorithmOid: '1.2.840.113549.1.1.1', modulusBits });
    }
  });

  it('knows the type of a key, and that a key of another kind or size has none', () => {
    const types: [KeyObject, string | undefined][] = [
      [rsaKey(2048), 'rsa-2048'],
      [rsaKey(2047), undefined],
      [rsaKey(1024), undefined],
      [ecKey('P-256'), 'ec-p256'],
      [ecKey('P-384'), 'ec-p384'],
      [ecKey('secp256k1'), undefined],
      [generateKeyPairSync('ed25519').publicKey, undefined],
      [generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey, undefined],
    ];
    for (const [key, type] of types) expect(keyTypeOf(spkiOf(key)), type).to.equal(type);
  });

  it('refuses what is not a SubjectPublicKeyInfo with a named curve', () => {
    const EC = oid('2a8648ce3d0201');
    const key = tlv(0x03, Buffer.of(0, 4));
    const bad = {
      'an element more': tlv(0x30, tlv(0x30, EC, oid('2a8648ce3d030107')), key, key),
      'explicit parameters (RFC 5480 §2.1.1 forbids them)': tlv(0x30, tlv(0x30, EC, tlv(0x30)), key),
      'no parameters': tlv(0x30, tlv(0x30, EC), key),
      'no key': tlv(0x30, tlv(0x30, EC, oid('2a8648ce3d030107'))),
      'bytes behind it': Buffer.concat([spkiOf(ecKey('P-256')), Buffer.alloc(1)]),
    };
    for (const [what, bytes] of Object.entries(bad))
      expect(() => parsePublicKey(asDer<SpkiDer>(bytes)), what).to.throw(SyntaxError);
  });
});
