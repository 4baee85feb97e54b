import { spawnSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { compactVerify, decodeProtectedHeader, importJWK } from 'jose';
import { newOrderClaims, type OrderDraft, OrderError, signOrder } from '../../../web-bridge/bank/order.ts';
import { publicJwk, readSigningKey } from '../../../web-bridge/bank/signing-key.ts';

const KEYS: Record<string, () => KeyObject> = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  EdDSA: () => generateKeyPairSync('ed25519').privateKey,
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
};

const draft: OrderDraft = {
  iss: 'shinkin-5410',
  origin: 'https://ca.bank.example',
  purpose: 'enroll',
  account: { id: '54100001', display: '株式会社サンプル 管理者' },
  subject: [['CN', '54100001']],
  keys: ['rsa-2048'],
  extensions: { keyUsage: ['digitalSignature'], extendedKeyUsage: ['clientAuth'] },
  enrollment: {
    protocol: 'est',
    label: 'customers',
    authorization: { scheme: 'basic', id: 'a', secret: 'canary-secret' },
  },
};

const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string;

describe('signOrder', () => {
  for (const [alg, make] of Object.entries(KEYS)) {
    it(`signs with ${alg}, verified by the public JWK`, async () => {
      const key = await readSigningKey(pem(make()), { algorithm: alg });
      const order = await signOrder(newOrderClaims(draft), key);
      const verified = await compactVerify(order, await importJWK(publicJwk(key), alg));
      expect(verified.protectedHeader).to.deep.equal({ alg, kid: key.kid, typ: 'inkan-order+jwt' });
      expect(JSON.parse(new TextDecoder().decode(verified.payload))).to.deep.include({ ...draft, aud: 'inkan' });
    });
  }

  it('takes kid and alg from a JWK', async () => {
    const jwk = { ...KEYS.RS256!().export({ format: 'jwk' }), kid: 'order-2026', alg: 'RS256' };
    const order = await signOrder(newOrderClaims(draft), await readSigningKey(JSON.stringify(jwk)));
    expect(decodeProtectedHeader(order)).to.include({ kid: 'order-2026', alg: 'RS256' });
  });

  it('fills in a fresh jti of 128 bit and five minutes', () => {
    const now = new Date('2026-12-01T00:00:00Z');
    const [first, second] = [newOrderClaims(draft, now), newOrderClaims(draft, now)];
    expect(first.exp - first.iat).to.equal(300);
    expect(first.jti).to.have.length(22).and.not.equal(second.jti);
  });

  const good = newOrderClaims(draft);
  const BAD: [string, object, string, string][] = [
    ['an unknown member', { colour: 'red' }, 'claims-invalid', 'colour'],
    [
      'a bidirectional override in the display name',
      { account: { id: '1', display: '\u202eevil' } },
      'claims-invalid',
      'account.display',
    ],
    ['another audience', { aud: 'other' }, 'claims-invalid', 'aud'],
    ['a lifetime over 15 minutes', { exp: good.iat + 901 }, 'lifetime-invalid', 'exp'],
    ['exp before iat', { exp: good.iat }, 'lifetime-invalid', 'exp'],
    ['too much text', { subject: Array.from({ length: 16 }, () => ['OU', '組'.repeat(256)]) }, 'too-long', ''],
  ];
  for (const [name, change, code, member] of BAD) {
    it(`refuses ${name}, and says where without quoting`, async () => {
      const key = await readSigningKey(pem(KEYS.ES256!()));
      const error = await signOrder({ ...good, ...change }, key).catch((error: unknown) => error);
      expect(error).to.be.instanceOf(OrderError).and.include({ code, member });
      expect((error as Error).message).to.not.contain('canary-secret');
    });
  }
});

describe('readSigningKey', () => {
  const REFUSED: [string, () => KeyObject, string | undefined][] = [
    ['RSA of 1024 bit', () => generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey, undefined],
    ['P-384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey, undefined],
    ['RS256 with an EC key', KEYS.ES256!, 'RS256'],
    ['an HMAC', KEYS.RS256!, 'HS256'],
  ];
  for (const [name, make, algorithm] of REFUSED) {
    it(`refuses ${name}`, async () => {
      expect(await readSigningKey(pem(make()), { algorithm }).catch((e: unknown) => e)).to.be.instanceOf(TypeError);
    });
  }

  it('hands out no private member', async () => {
    const key = await readSigningKey(pem(KEYS.RS256!()));
    expect(Object.keys(publicJwk(key)).sort()).to.deep.equal(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  });
});

describe('inkan-bank sign-order', () => {
  const cli = fileURLToPath(new URL('../../../web-bridge/bank/cli.js', import.meta.url));
  const run = (...options: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [cli, 'sign-order', ...options], { encoding: 'utf8', env: { PATH: process.env.PATH } });
  let folder: string;
  let keyFile: string;
  let claimsFile: string;
  const key = KEYS.ES256!();

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'inkan-bank-'));
    [keyFile, claimsFile] = [join(folder, 'key.pem'), join(folder, 'claims.json')];
    writeFileSync(keyFile, pem(key), { mode: 0o600 });
    writeFileSync(claimsFile, JSON.stringify(draft));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('prints an order that verifies', async () => {
    const { status, stdout, stderr } = run('--key', keyFile, '--claims', claimsFile);
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    await compactVerify(stdout.trim(), createPublicKey(key));
  });

  it('refuses a key that others can read', () => {
    chmodSync(keyFile, 0o644);
    const { status, stdout, stderr } = run('--key', keyFile, '--claims', claimsFile);
    expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' });
    expect(stderr).to.match(/^Could not read the key .*others can read it \(mode 644\)/);
  });

  it('names the member at fault and never quotes the claims', () => {
    writeFileSync(claimsFile, JSON.stringify({ ...draft, origin: 'canary-secret' }));
    expect(run('--key', keyFile, '--claims', claimsFile).stderr)
      .to.contain('"origin"')
      .and.not.contain('canary-secret');
    writeFileSync(claimsFile, '{ "canary-secret');
    expect(run('--key', keyFile, '--claims', claimsFile).stderr)
      .to.contain('not JSON')
      .and.not.contain('canary-secret');
  });
});
