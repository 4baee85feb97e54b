import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, publicDecrypt, sign, webcrypto } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { asDer, type SpkiDer } from '../../../web-bridge/asn1/der.ts';
import { readOid, readTlv, sequence } from '../../../web-bridge/asn1/read.ts';
import { KEY_TYPES } from '../../../web-bridge/protocol/order.ts';
import { CURVE, HASH, type Hash } from '../../../web-bridge/x509/algorithms.ts';
import { parseCertificate } from '../../../web-bridge/x509/certificate.ts';
import { KEY_TYPE } from '../../../web-bridge/x509/key-types.ts';
import { keyTypeOf, parsePublicKey } from '../../../web-bridge/x509/public-key.ts';

const hashes = Object.keys(HASH) as Hash[];

describe('x509/key-types', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inkan-key-types-'));
  after(() => rmSync(folder, { recursive: true }));

  /** Key and self-signed certificate by OpenSSL, which names the algorithms for itself. */
  function signedByOpenssl(key: KeyObject, hash: Hash) {
    const [pem, made] = [join(folder, 'key.pem'), join(folder, 'made.der')];
    writeFileSync(pem, key.export({ type: 'pkcs8', format: 'pem' }));
    const form = ['req', '-x509', '-new', '-subj', '/CN=a', `-${hash}`, '-outform', 'DER'];
    execFileSync('openssl', [...form, '-key', pem, '-out', made], { env: { PATH: process.env['PATH'] } });
    return parseCertificate(asDer(new Uint8Array(readFileSync(made))));
  }

  for (const type of KEY_TYPES) {
    const row = KEY_TYPE[type];
    const makeKey = () =>
      row.family === 'RSA'
        ? generateKeyPairSync('rsa', { modulusLength: row.bits })
        : generateKeyPairSync('ec', { namedCurve: row.curve.openssl });

    it(`has the identifiers of ${type} that OpenSSL writes into a certificate`, () => {
      const { privateKey } = makeKey();
      const { spki, signatureAlgorithm } = signedByOpenssl(privateKey, row.hash);
      expect(keyTypeOf(spki)).to.equal(type);
      expect(parsePublicKey(spki).algorithmOid).to.equal(row.spkiOid);
      expect(readOid(sequence(signatureAlgorithm)[0])).to.equal(row.signatureOid);
    });

    it(`signs with ${type} by the JWA name of its family and hash (RFC 7518 §3.1)`, () => {
      const name = `${row.family === 'RSA' ? 'RS' : 'ES'}${row.hash.slice('sha'.length)}`;
      expect(row.jwa).to.equal(name);
    });

    it(`calls ${type} by the size that its name says`, () => {
      expect(type).to.equal(`${row.family === 'RSA' ? 'rsa-' : 'ec-p'}${row.bits}`);
    });
  }

  for (const curve of Object.values(CURVE))
    it(`names ${curve.webCrypto} as WebCrypto and OpenSSL do, and knows how long its signatures are`, async () => {
      const algorithm = { name: 'ECDSA', namedCurve: curve.webCrypto };
      const { publicKey } = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
      const spki = asDer<SpkiDer>(new Uint8Array(await webcrypto.subtle.exportKey('spki', publicKey)));
      expect(parsePublicKey(spki).curveOid).to.equal(curve.oid);
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: curve.webCrypto });
      expect(privateKey.asymmetricKeyDetails?.namedCurve).to.equal(curve.openssl);
      const signature = sign('sha256', Buffer.from('any'), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      expect(signature).to.have.length(2 * curve.coordinateBytes);
    });

  it('has the identifier of each hash that OpenSSL signs, and the name that WebCrypto hashes by', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    for (const hash of hashes) {
      const digestInfo = publicDecrypt(publicKey, sign(hash, Buffer.from('any'), privateKey));
      const [algorithm, digest] = sequence(readTlv(digestInfo));
      expect(readOid(sequence(algorithm)[0])).to.equal(HASH[hash].oid);
      const again = await webcrypto.subtle.digest(HASH[hash].webCrypto, Buffer.from('any'));
      expect(Buffer.from(again).equals(digest?.value ?? Buffer.alloc(0))).to.equal(true);
    }
  });
});
