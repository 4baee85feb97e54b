/**
 * The questions to the human, in both processes: the agent asks for consent, a token host asks for the PIN. There are two
 * implementations for people (pinentry, terminal) and one for tests (scripted).
 */
import type { BankText } from '../../web-bridge/protocol/bank-text.ts';
import type { Language } from '../../web-bridge/protocol/languages.ts';
import type { KeyType } from '../../web-bridge/protocol/order.ts';
import type { ShownPurpose } from './purposes.ts';

export type Names = BankText<string>;

/** Bank, account and labels are untrusted texts. A dialog cleans and shortens every untrusted text before it shows it. */
export type TokenName = {
  readonly label: string;
  readonly serialNumber: string;
  readonly model: string;
  readonly slotDescription: string;
};

/** What distinguishes a person's certificates. */
export type CertificateName = {
  /** Organization and name. */
  readonly subject: string;
  /** Such as 管理者 or 利用者; empty if the certificate names none. */
  readonly role: string;
  readonly until: Date;
  /** Hexadecimal. */
  readonly serialNumber: string;
  readonly token: TokenName;
};

type Account = { readonly id: string; readonly display: string };
type WithBank = {
  readonly bank: Names;
  readonly origin: string;
  readonly token: TokenName;
  /** The bank's telephone number, by language. */
  readonly telephone: Names;
};
export type ConsentQuestion = WithBank &
  (
    | {
        readonly purpose: 'enroll' | 'renew' | 'reacquire';
        readonly account: Account;
        readonly keyType: KeyType;
      }
    | {
        readonly purpose: 'authenticate' | 'remove';
        /** Absent if the order of a log-in names no account. */
        readonly account?: Account;
        readonly certificate: CertificateName;
      }
  );

export type PinQuestion = {
  readonly purpose: ShownPurpose;
  /** Absent for a change of the PIN, which no bank asks for. */
  readonly bank?: Names;
  readonly account?: string;
  readonly token: TokenName;
  /** The tries that are left, if the token reports them (CKF_USER_PIN_COUNT_LOW, CKF_USER_PIN_FINAL_TRY). */
  readonly tries: 'unknown' | 'few' | 'last';
  /** Whether the token has just refused a PIN. */
  readonly refusedBefore: boolean;
};

/** The help in a bank's profile: what to do, and whom to call. */
export type Help = BankText<{ readonly text: string; readonly telephone: string }>;

export type InsertQuestion = {
  readonly bank: Names;
  readonly help: Help;
  /**
   * `none`: no token. `not-accepted`: the bank accepts none of those present. `certificate-elsewhere`: none holds the
   * certificate. `again`: the token that the work began with is needed, and `token` names it.
   */
  readonly reason: 'none' | 'not-accepted' | 'certificate-elsewhere' | 'again';
  readonly token?: TokenName;
};

export type LastTryQuestion = { readonly token: TokenName; readonly help?: Help };
export type LockedNotice = { readonly token: TokenName; readonly help?: Help };
/** `least`, `most`: the PIN lengths that the token reports. They are advice; 0: the token reports none. */
export type NewPinQuestion = { readonly token: TokenName; readonly least: number; readonly most: number };
export type ReplaceQuestion = {
  readonly token: TokenName;
  /** Subject of the certificate that the new one may overwrite. */
  readonly subject: string;
};

export type CodeQuestion = { readonly bank: Names; readonly account: Account };
export type TokenQuestion = { readonly bank: Names; readonly tokens: readonly TokenName[] };
export type CertificateQuestion = { readonly bank: Names; readonly certificates: readonly CertificateName[] };

/** Every method may throw AgentError ERR_USER_TIMEOUT and ERR_USER_UNREACHABLE. Aborting the signal closes the dialog. */
export interface Dialog {
  /** True only if the human chose the approving button. The default is refusal. */
  consent(question: ConsentQuestion, signal: AbortSignal): Promise<boolean>;
  /** The PIN as UTF-8 bytes, which the caller wipes. @throws AgentError ERR_USER_PIN_CANCELLED */
  pin(question: PinQuestion, signal: AbortSignal): Promise<Buffer>;
  /** The code from the bank's letter. @throws AgentError ERR_USER_CANCELLED */
  code(question: CodeQuestion, signal: AbortSignal): Promise<string>;
  /** Index of the chosen token. @throws AgentError ERR_USER_CANCELLED */
  chooseToken(question: TokenQuestion, signal: AbortSignal): Promise<number>;
  /** Index of the certificate to log in with. @throws AgentError ERR_USER_CANCELLED */
  chooseCertificate(question: CertificateQuestion, signal: AbortSignal): Promise<number>;
  /** Stays open until the caller aborts the signal, since the token is there. @throws AgentError ERR_USER_CANCELLED */
  insertToken(question: InsertQuestion, signal: AbortSignal): Promise<never>;
  /** Asked when one wrong PIN more locks the token. True only if the human chose the approving button. */
  lastTry(question: LastTryQuestion, signal: AbortSignal): Promise<boolean>;
  /** Shows that the PIN is locked, and the bank's help. Resolves when the human closes it. */
  locked(notice: LockedNotice, signal: AbortSignal): Promise<void>;
  /** Asks to type the PIN on the reader. Resolves to a function that closes it, once it is shown. The caller may block then. */
  reader(question: PinQuestion): Promise<() => void>;
  /** A new PIN, typed twice, which the caller wipes. @throws AgentError ERR_USER_PIN_CANCELLED */
  newPin(question: NewPinQuestion, signal: AbortSignal): Promise<Buffer>;
  /** Whether the token may overwrite another certificate. The default is refusal. */
  replace(question: ReplaceQuestion, signal: AbortSignal): Promise<boolean>;
}

/** How to reach the human. It is plain JSON, because the agent sends it to the token host. */
export type DialogSettings = {
  readonly language: Language;
  readonly timeoutMs: number;
  /** Path of the scripted human's file; absent for people. */
  readonly script?: string;
};
