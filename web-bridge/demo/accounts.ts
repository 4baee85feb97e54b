/** The bank's customers, their certificates and their one-time authorizations, as they are on disk. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AcquisitionClaims, CertificateReference } from '../protocol/order.ts';
import { generatePassword, hashPassword } from './password.ts';
import { StateFile, writeWhole } from './state-file.ts';

export type Role = 'administrator' | 'user';

export type IssuedCertificate = CertificateReference & {
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Serial number of the certificate that this one replaces as soon as it has logged in. */
  readonly replaces?: string;
  loggedIn: boolean;
  revoked: boolean;
  /** Taken from the customer's token, as their page said. */
  removed?: boolean;
};

export type Account = {
  readonly id: string;
  readonly role: Role | 'staff';
  readonly display: string;
  readonly subject: AcquisitionClaims['subject'];
  readonly password: string;
  /** Oldest first. */
  certificates: IssuedCertificate[];
  /** The log-in method of the contract. The first log-in with a certificate changes it to `certificate`. */
  method?: 'password' | 'certificate';
  /** 失効: no acquisition until 再発行 opens it. */
  closed?: boolean;
};

/** What the RA promised its CA: this account may show this secret with one request. */
export type Authorization = {
  readonly account: string;
  /** SHA-256, hexadecimal; the secret itself is in the order only. */
  readonly secretHash: string;
  readonly expiresAt: number;
  readonly replaces?: CertificateReference;
  /** Set by the first request; from then on only the same bytes are answered. */
  request?: { readonly digest: string; readonly readyAt: number; certificate?: string };
};

export type BankState = { accounts: Record<string, Account>; authorizations: Record<string, Authorization> };
export type BankStore = StateFile<BankState>;

/** The bank knows passwords only because it is a demonstration. A real bank sends them by post and keeps none. */
export type Credentials = {
  readonly id: string;
  readonly password: string;
  readonly role: Account['role'];
  readonly display: string;
};

type Customer = Omit<Account, 'password' | 'certificates'>;

const company = '株式会社サンプル';
const CUSTOMERS: readonly Customer[] = [
  {
    id: '54100001',
    role: 'administrator',
    display: `${company} 管理者`,
    subject: [
      ['C', 'JP'],
      ['O', company],
      ['OU', '管理者'],
      ['CN', '54100001'],
    ],
  },
  {
    id: '54100002',
    role: 'user',
    display: `${company} 利用者 佐藤花子`,
    subject: [
      ['C', 'JP'],
      ['O', company],
      ['OU', '利用者'],
      ['CN', '54100002'],
    ],
  },
  // The bank's staff reissues and revokes for administrators. It gets no certificate here.
  { id: '54109999', role: 'staff', display: 'サンプル信用金庫 担当者', subject: [] },
];

/** Opens the store. At the first start, makes the accounts, and writes their passwords to a separate file. */
export async function openAccounts(folder: string): Promise<{ store: BankStore; credentials: Credentials[] }> {
  const passwordFile = join(folder, 'passwords.json');
  const file = join(folder, 'bank.json');
  if (!existsSync(passwordFile) && !existsSync(file)) {
    const made = Object.fromEntries(CUSTOMERS.map(({ id }) => [id, generatePassword()]));
    writeWhole(passwordFile, JSON.stringify(made, null, 2));
  }
  const passwords = existsSync(passwordFile) ? readPasswords(passwordFile) : {};
  const accounts = existsSync(file) ? {} : await makeAccounts(passwords);
  const store = new StateFile<BankState>(file, () => ({ accounts, authorizations: {} }));
  return { store, credentials: credentialsOf(store.state, passwords) };
}

function readPasswords(file: string): Record<string, string> {
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
}

async function makeAccounts(passwords: Record<string, string>): Promise<Record<string, Account>> {
  const accounts = CUSTOMERS.map(
    async (customer): Promise<Account> => ({
      ...customer,
      password: await hashPassword(passwords[customer.id] ?? ''),
      certificates: [],
    }),
  );
  return Object.fromEntries((await Promise.all(accounts)).map((account) => [account.id, account]));
}

function credentialsOf({ accounts }: BankState, passwords: Record<string, string>): Credentials[] {
  return Object.values(accounts).map(({ id, role, display }) => ({ id, role, display, password: passwords[id] ?? '' }));
}

/** The ID comes from a stranger, so only own members are looked up. */
export function findAccount({ state }: BankStore, id: string): Account | undefined {
  return Object.hasOwn(state.accounts, id) ? state.accounts[id] : undefined;
}

/** For edits inside `store.change`, of an account that was found before. */
export function accountOf(state: BankState, id: string): Account {
  const account = Object.hasOwn(state.accounts, id) ? state.accounts[id] : undefined;
  if (!account) throw new Error(`No account ${id}`);
  return account;
}

/** The newest certificate that nobody has revoked, expired or not. */
export function currentCertificate(account: Account): IssuedCertificate | undefined {
  return account.certificates.findLast(({ revoked }) => !revoked);
}
