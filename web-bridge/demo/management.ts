/** 再発行 and 失効: the customer's administrator for his users, the bank's staff for administrators, nobody for himself. */
import { type Account, accountOf, type BankState, type BankStore, currentCertificate } from './accounts.ts';

export type ManagementAct = 'reissue' | 'revoke';
export const MANAGEMENT_ACTIONS = ['reissue', 'revoke'] as const satisfies readonly ManagementAct[];

const MANAGES: Readonly<Record<Account['role'], Account['role'] | undefined>> = {
  staff: 'administrator',
  administrator: 'user',
  user: undefined,
};

/** One company in this demonstration: a real bank asks whose users they are. */
export function managedAccounts({ state }: BankStore, { role }: Account): Account[] {
  return Object.values(state.accounts).filter((other) => other.role === MANAGES[role]);
}

/** What makes sense now: a certificate that is valid is revoked; what is revoked, expired or lost is issued again. */
export function possibleActions(account: Account): ManagementAct[] {
  const current = currentCertificate(account);
  if (current) return ['reissue', 'revoke'];
  return account.closed ? ['reissue'] : [];
}

/** 失効 closes the acquisition until 再発行 opens it again. What was promised before is worth nothing any more. */
export function carryOut(store: BankStore, id: string, act: ManagementAct): void {
  store.change((state) => {
    const account = accountOf(state, id);
    for (const certificate of account.certificates) certificate.revoked = true;
    account.closed = act === 'revoke';
    // Whoever has no certificate yet logs in by password, until the new one has logged in.
    if (act === 'reissue') account.method = 'password';
    forgetPromises(state, id);
  });
}

function forgetPromises({ authorizations }: BankState, id: string): void {
  for (const [name, { account, request }] of Object.entries(authorizations))
    if (account === id && !request?.certificate) delete authorizations[name];
}
