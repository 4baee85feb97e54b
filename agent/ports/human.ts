/** The human in front of the machine: asked, told, and asked one thing at a time. */
import type { KeyType } from '../../web-bridge/protocol/order.ts';
import type { LoginPlan, Plan, RemovalPlan } from './plan.ts';
import type { CertificateAtHand, TokenDescription, TokenIdentity } from './token.ts';

export type ConsentRequest =
  | { readonly plan: Plan; readonly token: TokenDescription; readonly keyType: KeyType }
  | ({ readonly plan: LoginPlan | RemovalPlan } & CertificateAtHand);

export type InsertRequest = {
  readonly plan: ConsentRequest['plan'];
  /** `again`: the very token that the work began with. */
  readonly reason: 'none' | 'not-accepted' | 'certificate-elsewhere' | 'again';
  readonly token?: TokenIdentity;
};

/** The human in front of the machine. Every method may throw ERR_USER_TIMEOUT and ERR_USER_UNREACHABLE. */
export interface Human {
  /** @throws AgentError ERR_USER_REFUSED */
  consent(request: ConsentRequest, signal: AbortSignal): Promise<void>;
  /** Types the code that came by letter. @throws AgentError ERR_USER_CANCELLED */
  authorizationCode(request: { readonly plan: Plan }, signal: AbortSignal): Promise<string>;
  /**
   * Stands until the signal is aborted, because the token is there.
   * @throws AgentError ERR_USER_CANCELLED, ERR_USER_TIMEOUT
   */
  insertToken(request: InsertRequest, signal: AbortSignal): Promise<never>;
  /** Its PIN is locked: what to do and whom to call, by the bank's profile. */
  tellLocked(request: { readonly plan: Plan; readonly token: TokenDescription }, signal: AbortSignal): Promise<void>;
  /** Several tokens fit: which one? @throws AgentError ERR_USER_CANCELLED */
  chooseToken(
    request: { readonly plan: Plan; readonly tokens: readonly TokenDescription[] },
    signal: AbortSignal,
  ): Promise<TokenDescription>;
  /** Several certificates of this bank's log in: which one? @throws AgentError ERR_USER_CANCELLED */
  chooseCertificate<C extends CertificateAtHand>(
    request: { readonly plan: LoginPlan; readonly certificates: readonly C[] },
    signal: AbortSignal,
  ): Promise<C>;
}

/** One question at a time for the whole agent, and none for a while to a page that is refused again and again. */
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

/** A certificate waits for the PIN, to be written onto the token; or it is time to renew it, or to acquire it again. */
export type Notice = Pick<Plan, 'bank' | 'account'> &
  (
    | { readonly about: 'write-back' }
    | { readonly about: 'renew' | 'reacquire'; readonly expires: Date; readonly closes: Date }
  );
