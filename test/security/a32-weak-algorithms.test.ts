/** A32: nothing weak for compatibility's sake: in orders, in requests, in certificates, in profiles. */
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { parseProfile } from '../../native-config/load.ts';
import { issue } from '../doubles/faulty-ca.ts';
import { makeAuthority, makeKeyPair } from '../stage/authority.ts';
import { refusalOf } from '../stage/refusal.ts';
import { standTarget, type Target } from '../stage/target.ts';
import { objectsOn } from '../stage/witness.ts';

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** CKM_ECDSA, CKM_ECDSA_SHA256, -SHA384, CKM_SHA256_RSA_PKCS and CKM_RSA_PKCS over a SHA-256 DigestInfo. */
const MECHANISMS = ['1041', '1044', '1045', '40', '1'];

describe('A32: weak algorithms', function () {
  this.timeout(60_000);
  let target: Target;
  before(async () => {
    target = await standTarget();
  });
  after(() => target?.leave());

  const refused = (order: string) => target.refusal('enroll', { order });

  it('in orders: "none", HMACs over the public key, and any algorithm that is not the key’s', async () => {
    await target.forget();
    const { bank } = target;
    const jwk = JSON.stringify(bank.profile.orderKeys.keys[0]);
    const body = (alg: string) => `${part({ alg, kid: bank.key.kid, typ: 'inkan-order+jwt' })}.${part(bank.claims())}`;
    const orders = [
      ...['none', 'NONE', 'None', ''].map((alg) => `${body(alg)}.`),
      ...['HS256', 'HS384', 'HS512'].map((alg) => {
        return `${body(alg)}.${createHmac(alg.replace('HS', 'sha'), jwk).update(body(alg)).digest('base64url')}`;
      }),
      ...['RS1', 'RS256', 'ES256K', 'ES384', 'EdDSA', 'PS256'].map((alg) => `${body(alg)}.${'A'.repeat(86)}`),
    ];
    for (const order of orders)
      expect(await refused(order), order.slice(0, 24)).to.be.oneOf([
        'ERR_POLICY_ORDER_SIGNATURE_INVALID',
        'ERR_POLICY_ORDER_MALFORMED',
      ]);
    expect(target.touched()).to.deep.equal({ calls: 0, dialogs: 0 });
  });

  it('in profiles: order keys of RSA under 2048, symmetric ones, other curves, SHA-1', async () => {
    const json = JSON.parse(JSON.stringify(target.bank.profile)) as Record<string, unknown>;
    const rsa = (bits: number, alg: string) => ({
      ...generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' }),
      kid: 'k',
      alg,
    });
    const taken = (key: object) =>
      refusalOf(() => parseProfile(JSON.stringify({ ...json, orderKeys: { keys: [key] } }), 'a file'));
    expect(await taken(rsa(2048, 'PS256'))).to.equal('not refused');
    for (const key of [
      rsa(1024, 'PS256'),
      rsa(1024, 'RS256'),
      rsa(2048, 'RS1'),
      { kty: 'oct', k: 'c2VjcmV0', kid: 'k', alg: 'HS256' },
      { ...generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' }), kid: 'k' },
    ])
      expect(await taken(key), JSON.stringify(key).slice(0, 40)).to.equal('ERR_POLICY_PROFILE_INVALID');
  });

  it('in requests: no key type under RSA-2048 or P-256 can be ordered, and signatures are by SHA-256 or more', async () => {
    for (const keys of [['rsa-1024'], ['rsa-512'], ['dsa-1024'], ['ec-p192'], ['ec-p256', 'rsa-1024']])
      expect(await refused(await target.forge({ ...target.bank.claims(), keys }))).to.equal(
        'ERR_POLICY_ORDER_CLAIMS_INVALID',
      );
    for (const keyType of ['rsa-2048', 'ec-p256'])
      await target.enroll({ keys: [keyType], account: { id: keyType, display: 'x' }, subject: [['CN', keyType]] });
    const used = target.module.witnessed().filter((line) => line.startsWith('C_SignInit '));
    expect(used.map((line) => line.split(' ')[1])).to.satisfy((all: string[]) =>
      all.every((mechanism) => MECHANISMS.includes(mechanism)),
    );
    // SHA-1 and MD5 would show as DigestInfo of their own before a bare RSA signature.
    const inputs = target.module.witnessed().filter((line) => line.startsWith('C_Sign '));
    expect(inputs.some((line) => /3021300906052b0e03021a|3020300c06082a864886f70d0205/.test(line))).to.equal(false);
  });

  it('in certificates: SHA-1 and MD5 signatures and RSA under 2048 are not written', async () => {
    const certificates = () => objectsOn(target.pc, 'desk').filter((line) => line.startsWith('Certificate')).length;
    const before = certificates();
    const old = await makeAuthority('rsa-2048');
    const small = await makeKeyPair('rsa-1024');
    for (const answer of [issue(old, { hash: 'SHA-1' }), issue(target.bank.authority, { spki: small.spki })]) {
      target.ca.answer = answer;
      const failure = await target.enroll({ account: { id: 'weak', display: 'x' } }).then(
        () => 'written',
        (error: Error) => error.message,
      );
      expect(failure).to.match(/ERR_CERTIFICATE_(WEAK|UNTRUSTED|KEY_MISMATCH)/);
    }
    expect(certificates()).to.equal(before);
  });
});
