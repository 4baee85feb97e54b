/** The registration authority: identifies a customer, decides whether to issue a certificate, and signs the order. */
import { createHash, randomBytes } from 'node:crypto';
import { newOrderClaims, signOrder } from '../bank/order.ts';
import type { SigningKey } from '../bank/signing-key.ts';
import type { AcquisitionClaims, CertificateReference, OrderAuthorization } from '../protocol/order.ts';
import { type Account, type Authorization, type BankStore, currentCertificate, findAccount } from './accounts.ts';
import { passwordMatches } from './password.ts';
import type { Throttle } from './throttle.ts';

export type AcquisitionPurpose = 'enroll' | 'reenroll';
export type RenewalWindow = { readonly opensDaysBefore: number; readonly closesDaysAfter: number };

export type Ra = {
  readonly store: BankStore;
  readonly throttle: Throttle;
  readonly orderKey: SigningKey;
  readonly profileId: string;
  /** The origin of the page that hands the order to the agent. */
  readonly origin: () => string;
  readonly label: string;
  readonly scheme: 'basic' | 'bearer';
  readonly renewal: RenewalWindow;
};

/** Time for the dialogs and for making a key; RSA-4096 on a slow card takes minutes. */
const AUTHORIZATION_LIFETIME_MS = 60 * 60_000;
/** The most unused orders of one account. A customer may click more than once. */
const MAX_UNUSED = 8;
const DAY_MS = 24 * 3_600_000;

export type Identity =
  | { readonly kind: 'known'; readonly account: Account }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'wait'; readonly seconds: number };

/** Checks お客様ID and ログインパスワード. The answer is the same for an unknown ID and for a wrong password. */
export async function identify(ra: Pick<Ra, 'store' | 'throttle'>, id: string, password: string): Promise<Identity> {
  const seconds = ra.throttle.secondsToWait(id);
  if (seconds > 0) return { kind: 'wait', seconds };
  // Counted before the slow hash, so that a hundred guesses at the same time are a hundred failures, not one.
  ra.throttle.failed(id);
  const account = findAccount(ra.store, id);
  if (!(await passwordMatches(password, account?.password)) || !account) return { kind: 'unknown' };
  ra.throttle.succeeded(id);
  return { kind: 'known', account };
}

export type AcquisitionRefusal =
  | 'revoked'
  | 'staff'
  | 'already-certified'
  | 'reacquire-instead'
  | 'nothing-to-replace'
  | 'window-not-open'
  | 'window-closed';

/** One ID has one certificate. The reason why this account may not have one now; `undefined` if it may. */
export function acquisitionRefusal(
  account: Account,
  purpose: AcquisitionPurpose,
  renewal: RenewalWindow,
  now = Date.now(),
): AcquisitionRefusal | undefined {
  if (account.role === 'staff') return 'staff';
  if (account.closed) return 'revoked';
  const current = currentCertificate(account);
  if (!current) return purpose === 'enroll' ? undefined : 'nothing-to-replace';
  const { notAfter } = current;
  if (now > notAfter + renewal.closesDaysAfter * DAY_MS) return 'window-closed';
  if (purpose === 'enroll') return now > notAfter ? 'reacquire-instead' : 'already-certified';
  return now < notAfter - renewal.opensDaysBefore * DAY_MS ? 'window-not-open' : undefined;
}

/** Signs the order for an account that was identified and not refused; its authorization is remembered as a hash. */
export async function makeOrder(ra: Ra, account: Account, purpose: AcquisitionPurpose): Promise<string> {
  const replaced = purpose === 'reenroll' ? currentCertificate(account) : undefined;
  const replaces = replaced && { issuer: replaced.issuer, serialNumber: replaced.serialNumber };
  const common = {
    iss: ra.profileId,
    origin: ra.origin(),
    account: { id: account.id, display: account.display },
    subject: account.subject,
    keys: ['rsa-2048', 'ec-p256'] satisfies AcquisitionClaims['keys'],
    extensions: {
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: ['clientAuth'],
    } satisfies AcquisitionClaims['extensions'],
    enrollment: { protocol: 'est' as const, label: ra.label, authorization: authorize(ra, account, replaces) },
  };
  const draft = replaces
    ? { ...common, purpose: 'reenroll' as const, replaces }
    : { ...common, purpose: 'enroll' as const };
  return signOrder(newOrderClaims(draft), ra.orderKey);
}

/** Makes a secret for this account and one request only, because the page can read it. */
function authorize(ra: Ra, account: Account, replaces: CertificateReference | undefined): OrderAuthorization {
  const id = randomBytes(8).toString('hex');
  const secret = randomBytes(24).toString('base64url');
  ra.store.change((state) => {
    forgetUnused(state.authorizations, account.id);
    state.authorizations[id] = {
      account: account.id,
      secretHash: hashSecret(secret),
      expiresAt: Date.now() + AUTHORIZATION_LIFETIME_MS,
      ...(replaces ? { replaces } : {}),
    };
  });
  // A bearer secret has to name its own record.
  return ra.scheme === 'basic' ? { scheme: 'basic', id, secret } : { scheme: 'bearer', secret: `${id}.${secret}` };
}

/** Removes expired unused authorizations, and the oldest of too many. Used ones stay: their requests may be sent again. */
function forgetUnused(authorizations: Record<string, Authorization>, account: string): void {
  const unused = Object.entries(authorizations).filter(([, { request }]) => !request);
  const expired = unused.filter(([, { expiresAt }]) => expiresAt < Date.now());
  const surplus = unused.filter((entry) => entry[1].account === account).slice(0, 1 - MAX_UNUSED);
  for (const [id] of [...expired, ...surplus]) delete authorizations[id];
}

export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
