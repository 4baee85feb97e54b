import { execFileSync } from 'node:child_process';
import { sign, webcrypto } from 'node:crypto';
import { expect } from 'chai';
import { challengeFor, verifyChallenge } from '../../../agent/operations/login-challenge.ts';
import { parseCertificate } from '../../../web-bridge/x509/certificate.ts';
import { type KeyPair, makeAuthority, makeKeyPair, makeLeaf } from '../../stage/authority.ts';
import { refusalOf } from '../../stage/refusal.ts';

const ORIGIN = 'https://www.bank.example';
const NONCE = 'x'.repeat(44);

describe('the log-in challenge', () => {
  for (const hash of ['sha256', 'sha384'] as const)
    it(`is what openssl makes of origin and nonce with ${hash}`, () => {
      const digest = (text: string) => execFileSync('openssl', ['dgst', `-${hash}`, '-binary'], { input: text });
      const expected = Buffer.concat([digest(ORIGIN), digest(NONCE)]);
      expect(Buffer.from(challengeFor(hash, ORIGIN, NONCE)).equals(expected)).to.equal(true);
    });

  async function signed(keys: KeyPair, value: Uint8Array, hash: string): Promise<Uint8Array> {
    const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.pair.privateKey));
    const key = { key: pkcs8, format: 'der', type: 'pkcs8', dsaEncoding: 'ieee-p1363' } as const;
    return sign(hash, value, key);
  }

  const TYPES = [
    ['ec-p256', 'ES256', 'sha256'],
    ['ec-p384', 'ES384', 'sha384'],
    ['rsa-2048', 'RS256', 'sha256'],
  ] as const;
  for (const [keyType, algorithm, hash] of TYPES)
    it(`is verified for ${algorithm}, and for no other origin, nonce or algorithm`, async () => {
      const { issuing } = await makeAuthority();
      const keys = await makeKeyPair(keyType);
      const certificate = parseCertificate(await makeLeaf({ issuer: issuing, keys }));
      const signature = await signed(keys, challengeFor(hash, ORIGIN, NONCE), hash);
      const verify = (origin: string, nonce: string, name: string = algorithm) =>
        refusalOf(() => verifyChallenge(certificate, { algorithm: name, signature }, origin, nonce));
      expect(await verify(ORIGIN, NONCE)).to.equal('not refused');
      expect(await verify(`${ORIGIN}/`, NONCE)).to.equal('ERR_TOKEN_SIGNATURE_WRONG');
      expect(await verify(ORIGIN, `${NONCE}x`)).to.equal('ERR_TOKEN_SIGNATURE_WRONG');
      expect(await verify(ORIGIN, NONCE, 'PS256')).to.equal('ERR_TOKEN_SIGNATURE_WRONG');
    });
});
