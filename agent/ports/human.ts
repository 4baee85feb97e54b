/** The human at this machine: the questions the agent asks, and the rule that it asks one at a time. */
import type { KeyType } from '../../web-bridge/protocol/order.ts';
import type { LoginPlan, Plan, RemovalPlan } from './plan.ts';
import type { CertificateAtHand, TokenDescription, TokenIdentity } from './token.ts';

export type ConsentRequest =
  | { readonly plan: Plan; readonly token: TokenDescription; readonly keyType: KeyType }
  | ({ readonly plan: LoginPlan | RemovalPlan } & CertificateAtHand);

export type InsertRequest = {
  readonly plan: ConsentRequest['plan'];
  /** `again`: the token that the work began with is needed again. */
  readonly reason: 'none' | 'not-accepted' | 'certificate-elsewhere' | 'again';
  readonly token?: TokenIdentity;
};

/** The human at this machine. Every method may throw AgentError ERR_USER_TIMEOUT and ERR_USER_UNREACHABLE. */
export interface Human {
  /** @throws AgentError ERR_USER_REFUSED */
  consent(request: ConsentRequest, signal: AbortSignal): Promise<void>;
  /** The code from the bank's letter, as the human typed it. @throws AgentError ERR_USER_CANCELLED */
  authorizationCode(request: { readonly plan: Plan }, signal: AbortSignal): Promise<string>;
  /**
   * Asks the human to plug a token in. The dialog stays open until the caller aborts the signal, since the token is there.
   * @throws AgentError ERR_USER_CANCELLED, ERR_USER_TIMEOUT
   */
  insertToken(request: InsertRequest, signal: AbortSignal): Promise<never>;
  /** Shows that the token's PIN is locked, and the help of the bank's profile: what to do, whom to call. */
  showPinLocked(request: { readonly plan: Plan; readonly token: TokenDescription }, signal: AbortSignal): Promise<void>;
  /** Asks which of several suitable tokens to use. @throws AgentError ERR_USER_CANCELLED */
  chooseToken(
    request: { readonly plan: Plan; readonly tokens: readonly TokenDescription[] },
    signal: AbortSignal,
  ): Promise<TokenDescription>;
  /** Asks which of several certificates of this bank to log in with. @throws AgentError ERR_USER_CANCELLED */
  chooseCertificate<C extends CertificateAtHand>(
    request: { readonly plan: LoginPlan; readonly certificates: readonly C[] },
    signal: AbortSignal,
  ): Promise<C>;
}

/**
 * The right to ask the human. One task holds it at a time, so that one dialog is open at a time. A page whose requests the
 * human refused several times does not get it for a while.
 */
export interface Attention {
  /** @throws AgentError ERR_BRIDGE_BUSY, ERR_POLICY_COOL_DOWN */
  take(origin: string): AttentionHeld;
}
export type AttentionHeld = {
  readonly approved: () => void;
  readonly refused: () => void;
  /** Safe to call twice. */
  readonly release: () => void;
};

/**
 * What a notification is about. `write-back`: an issued certificate waits for the PIN, to be written to the token. `renew`: the
 * renewal window is open. `reacquire`: the certificate has expired and can still be replaced.
 */
export type Notice = Pick<Plan, 'bank' | 'account'> &
  (
    | { readonly about: 'write-back' }
    | { readonly about: 'renew' | 'reacquire'; readonly expires: Date; readonly closes: Date }
  );
