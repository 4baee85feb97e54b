/** The reference bank's CA on loopback, with an RA that hands out as many orders as a bench wants. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createNonce } from '../../web-bridge/bank/login.ts';
import { newOrderClaims, signOrder } from '../../web-bridge/bank/order.ts';
import { accountOf, openAccounts } from '../../web-bridge/demo/accounts.ts';
import { issueToServer, openAuthority, pemOf } from '../../web-bridge/demo/authority.ts';
import { estServer } from '../../web-bridge/demo/est.ts';
import { LABEL, openOrderKey, PROFILE_ID, profileOf } from '../../web-bridge/demo/profile.ts';
import { hashSecret } from '../../web-bridge/demo/ra.ts';
import type { AcquisitionClaims } from '../../web-bridge/protocol/order.ts';

export const ORIGIN = 'https://bank.example';
const LIFETIME_MS = 3_600_000;

export type Authorization = { readonly id: string; readonly secret: string };

export type ReferenceCa = {
  readonly url: string;
  /** PEM of the root of its TLS certificate. */
  readonly tlsRoot: string;
  readonly profile: Readonly<Record<string, unknown>>;
  readonly subject: AcquisitionClaims['subject'];
  /** A fresh authorization; what the account was issued before is forgotten. */
  authorize(): Authorization;
  order(key: AcquisitionClaims['keys'][number]): Promise<string>;
  loginOrder(): Promise<string>;
  close(): Promise<void>;
};

export async function openReferenceCa(folder: string): Promise<ReferenceCa> {
  const stateFolder = join(folder, 'bank');
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  const [authority, { store }, orderKey] = [
    await openAuthority(stateFolder),
    await openAccounts(stateFolder),
    await openOrderKey(stateFolder),
  ];
  const account = Object.values(store.state.accounts)[0];
  if (!account) throw new Error('the reference bank has no account');
  const server = estServer({ authority, store, pendingMs: 0 }, LABEL, await issueToServer(authority, ['localhost']));
  const url = `${await server.listen({ host: '127.0.0.1', port: 0 })}/.well-known/est/${LABEL}`;
  const renewal = { opensDaysBefore: 30, closesDaysAfter: 90 };

  const authorize = (): Authorization => {
    const [id, secret] = [randomBytes(8).toString('hex'), randomBytes(24).toString('base64url')];
    store.change((state) => {
      accountOf(state, account.id).certificates = [];
      state.authorizations = {
        ...lastOf(state.authorizations),
        [id]: { account: account.id, secretHash: hashSecret(secret), expiresAt: Date.now() + LIFETIME_MS },
      };
    });
    return { id, secret };
  };
  return {
    url,
    tlsRoot: pemOf(authority.tlsRoot.certificate),
    profile: {
      ...profileOf({ origins: [ORIGIN], estUrl: url, authority, orderKey, renewal }),
      keyPolicy: { types: ['ec-p256', 'rsa-2048', 'rsa-4096'] },
    },
    subject: account.subject,
    authorize,
    order: (key) =>
      signOrder(
        newOrderClaims({
          iss: PROFILE_ID,
          origin: ORIGIN,
          purpose: 'enroll',
          account: { id: account.id, display: account.display },
          subject: account.subject,
          keys: [key],
          extensions: { keyUsage: ['digitalSignature'], extendedKeyUsage: ['clientAuth'] },
          enrollment: { protocol: 'est', label: LABEL, authorization: { scheme: 'basic', ...authorize() } },
        }),
        orderKey,
      ),
    loginOrder: () =>
      signOrder(
        newOrderClaims({ iss: PROFILE_ID, origin: ORIGIN, purpose: 'authenticate', nonce: createNonce() }),
        orderKey,
      ),
    close: () => server.close(),
  };
}

/** A few: enrollments may run side by side, and a bank that remembers all would grow slower from run to run. */
function lastOf<T>(entries: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).slice(-8));
}
