/** 再発行 (reissue) and 失効 (revoke). An administrator does it for the users, the bank's staff for administrators, nobody for himself. */
import { type Account, accountOf, type BankState, type BankStore, currentCertificate } from './accounts.ts';

export type ManagementAct = 'reissue' | 'revoke';
export const MANAGEMENT_ACTIONS = ['reissue', 'revoke'] as const satisfies readonly ManagementAct[];

const MANAGES: Readonly<Record<Account['role'], Account['role'] | undefined>> = {
  staff: 'administrator',
  administrator: 'user',
  user: undefined,
};

/** This demonstration has one company. A real bank checks to which company the users belong. */
export function managedAccounts({ state }: BankStore, { role }: Account): Account[] {
  return Object.values(state.accounts).filter((other) => other.role === MANAGES[role]);
}

/** The actions that make sense now. A valid certificate can be revoked. A revoked, expired or lost one can be reissued. */
export function possibleActions(account: Account): ManagementAct[] {
  const current = currentCertificate(account);
  if (current) return ['reissue', 'revoke'];
  return account.closed ? ['reissue'] : [];
}

/** After 失効 the ID cannot acquire a certificate until 再発行. Earlier authorizations are no longer valid. */
export function carryOut(store: BankStore, id: string, act: ManagementAct): void {
  store.change((state) => {
    const account = accountOf(state, id);
    for (const certificate of account.certificates) certificate.revoked = true;
    account.closed = act === 'revoke';
    // An ID without a certificate logs in by password, until it has logged in with the new one.
    if (act === 'reissue') account.method = 'password';
    forgetPromises(state, id);
  });
}

function forgetPromises({ authorizations }: BankState, id: string): void {
  for (const [name, { account, request }] of Object.entries(authorizations))
    if (account === id && !request?.certificate) delete authorizations[name];
}
