/** A throw-away bank for tests without its web site: a signing key, a profile, and orders as its server would sign them. */
import { generateKeyPairSync } from 'node:crypto';
import * as v from 'valibot';
import { type Profile, profile as profileSchema } from '../../native-config/schema.ts';
import { newOrderClaims, signOrder } from '../../web-bridge/bank/order.ts';
import { publicJwk, readSigningKey, type SigningKey } from '../../web-bridge/bank/signing-key.ts';
import type { CertificateReference, OrderClaims } from '../../web-bridge/protocol/order.ts';
import { type Authority, makeAuthority } from './authority.ts';

export const ORIGIN = 'https://www.bank.example';

export type TestBank = {
  readonly key: SigningKey;
  readonly authority: Authority;
  readonly profile: Profile;
  /** Claims of a good enroll order; `changes` make it wrong. */
  claims(changes?: Readonly<Record<string, unknown>>): OrderClaims;
  order(changes?: Readonly<Record<string, unknown>>): Promise<string>;
};

export async function openTestBank(changes: Readonly<Record<string, unknown>> = {}): Promise<TestBank> {
  const key = await newSigningKey();
  const authority = await makeAuthority();
  const profile = v.parse(profileSchema, { ...profileJson(key, authority), ...changes });
  const claims = (different: Readonly<Record<string, unknown>> = {}) =>
    ({ ...newOrderClaims(draft(profile.id)), ...different }) as OrderClaims;
  return { key, authority, profile, claims, order: (different) => signOrder(claims(different), key) };
}

export async function newSigningKey(): Promise<SigningKey> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return await readSigningKey(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
}

export function profileJson(key: SigningKey, { root, issuing }: Authority): Record<string, unknown> {
  return {
    version: 1,
    id: 'stage-bank',
    names: { ja: '見本信用金庫', en: 'Sample Shinkin Bank' },
    origins: [ORIGIN],
    orderKeys: { keys: [publicJwk(key)] },
    enrollment: {
      customers: { protocol: 'est', url: 'https://localhost:1/.well-known/est', trustAnchors: [root.pem] },
    },
    issuers: [issuing.pem],
    keyPolicy: { types: ['ec-p256', 'rsa-2048'] },
    renewal: { opensDaysBefore: 30, closesDaysAfter: 90 },
    help: { ja: { text: '見本', telephone: '0120-000-000' }, en: { text: 'Sample', telephone: '0120-000-000' } },
  };
}

function draft(iss: string): Parameters<typeof newOrderClaims>[0] {
  return {
    iss,
    origin: ORIGIN,
    purpose: 'enroll',
    account: { id: 'M0001', display: '株式会社サンプル 管理者' },
    subject: [
      ['O', '株式会社サンプル'],
      ['CN', 'M0001'],
    ],
    keys: ['ec-p256', 'rsa-2048'],
    extensions: { keyUsage: ['digitalSignature'], extendedKeyUsage: ['clientAuth'] },
    enrollment: {
      protocol: 'est',
      label: 'customers',
      authorization: { scheme: 'basic', id: 'M0001', secret: 'one-time-secret' },
    },
  };
}

/** An order for a log-in, as the bank's server would sign it for one browser session. */
export function loginOrder({ key, profile }: TestBank, nonce: string, changes: object = {}): Promise<string> {
  const draft = { iss: profile.id, origin: ORIGIN, purpose: 'authenticate', nonce } as const;
  return signOrder({ ...newOrderClaims(draft), ...changes }, key);
}

/** An order to take one certificate and its pair from the token. */
export function removalOrder({ key, profile }: TestBank, replaces: CertificateReference): Promise<string> {
  const account = { id: 'M0001', display: '株式会社サンプル 管理者' };
  return signOrder(newOrderClaims({ iss: profile.id, origin: ORIGIN, purpose: 'remove', account, replaces }), key);
}
