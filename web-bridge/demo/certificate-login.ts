/**
 * 電子証明書ログイン on the bank's server: makes an order with a nonce for this session, and verifies the answer. At the first
 * log-in with a new certificate, the old one is revoked, and may be removed from the token.
 */
import type { X509Certificate } from 'node:crypto';
import { LoginRefused, referenceTo, revokedBy, verifyLogin } from '../bank/login.ts';
import type { Nonces } from '../bank/nonces.ts';
import { newOrderClaims, signOrder } from '../bank/order.ts';
import type { SigningKey } from '../bank/signing-key.ts';
import type { CertificateReference } from '../protocol/order.ts';
import { type Account, accountOf, type BankState, type BankStore, type IssuedCertificate } from './accounts.ts';

export type CertificateLogin = {
  readonly store: BankStore;
  readonly nonces: Nonces;
  readonly orderKey: SigningKey;
  readonly profileId: string;
  /** The origin of the log-in page; what the token signs is bound to it. */
  readonly siteOrigin: () => string;
  /** PEM: the CA that issues to customers. */
  readonly issuers: readonly string[];
};

/** The order names no account. The certificate in the answer tells whose it is. */
export function makeLoginOrder(login: CertificateLogin, session: string): Promise<string> {
  const { profileId, siteOrigin, nonces, orderKey } = login;
  const draft = { iss: profileId, origin: siteOrigin(), nonce: nonces.issue(session) };
  return signOrder(newOrderClaims({ ...draft, purpose: 'authenticate' }), orderKey);
}

/**
 * The account that logs in, or `undefined`, with the reason in the server's log. The nonce is removed in both cases.
 */
export async function logIn(login: CertificateLogin, session: string, answer: unknown): Promise<Account | undefined> {
  const nonce = login.nonces.take(session);
  try {
    if (nonce === undefined) throw new LoginRefused('signature-invalid');
    const { issuers, siteOrigin, store } = login;
    const isRevoked = revokedBy(allCertificates(store.state).filter(({ revoked }) => revoked));
    const certificate = await verifyLogin(answer, { origin: siteOrigin(), nonce, issuers, isRevoked });
    return recordLogin(store, certificate);
  } catch (error) {
    if (!(error instanceof LoginRefused)) throw error;
    console.error(`Bank: ${error.message}`);
    return undefined;
  }
}

function allCertificates({ accounts }: BankState): IssuedCertificate[] {
  return Object.values(accounts).flatMap(({ certificates }) => certificates);
}

function isSame(one: CertificateReference, other: CertificateReference): boolean {
  return one.issuer === other.issuer && one.serialNumber === other.serialNumber;
}

/** One ID has one certificate. At the first log-in with the new one, the old one is revoked. */
function recordLogin(store: BankStore, certificate: X509Certificate): Account | undefined {
  const shown = referenceTo(certificate);
  const account = Object.values(store.state.accounts).find(({ certificates }) =>
    certificates.some((one) => isSame(one, shown)),
  );
  if (!account) return undefined;
  store.change((state) => {
    const { certificates } = accountOf(state, account.id);
    const used = certificates.find((one) => isSame(one, shown));
    if (!used) return;
    used.loggedIn = true;
    accountOf(state, account.id).method = 'certificate';
    for (const one of certificates) if (one.serialNumber === used.replaces) one.revoked = true;
  });
  return accountOf(store.state, account.id);
}

/** An old certificate that may still lie on the token although its successor has logged in. */
export function removableCertificate({ certificates }: Account): IssuedCertificate | undefined {
  return certificates.find(
    (old) =>
      old.revoked &&
      !old.removed &&
      certificates.some(({ replaces, loggedIn }) => loggedIn && replaces === old.serialNumber),
  );
}

export function makeRemovalOrder(
  { profileId, siteOrigin, orderKey }: CertificateLogin,
  { id, display }: Account,
  { issuer, serialNumber }: IssuedCertificate,
): Promise<string> {
  const draft = { iss: profileId, origin: siteOrigin(), account: { id, display }, replaces: { issuer, serialNumber } };
  return signOrder(newOrderClaims({ ...draft, purpose: 'remove' }), orderKey);
}

/** What the page reports of the customer's token. Only the next screen depends on it, so it need not be proven. */
export function recordRemoval(store: BankStore, account: string): void {
  store.change((state) => {
    const old = removableCertificate(accountOf(state, account));
    if (old) old.removed = true;
  });
}
