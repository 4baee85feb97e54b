/**
 * The human, as both processes know them: the agent asks for consent, the token host asks for the PIN. Two
 * implementations on a person's desk (pinentry, terminal) and one for tests (scripted).
 */
import type { KeyType } from '../../web-bridge/protocol/order.ts';

export type Language = 'ja' | 'en';
export type Names = Readonly<Record<Language, string>>;

/** Texts of strangers in here (bank, account, labels) are stripped and bounded by the dialog before they are shown. */
export type TokenName = {
  readonly label: string;
  readonly serialNumber: string;
  readonly model: string;
  readonly slotDescription: string;
};

/** What tells a person's certificates apart. */
export type CertificateName = {
  /** Whose: organization and name. */
  readonly subject: string;
  /** 管理者, 利用者; empty where the certificate does not say. */
  readonly role: string;
  readonly until: Date;
  /** Hexadecimal. */
  readonly serialNumber: string;
  readonly token: TokenName;
};

type Account = { readonly id: string; readonly display: string };
type Asked = {
  readonly bank: Names;
  readonly origin: string;
  readonly token: TokenName;
  /** Who to call, by language. */
  readonly telephone: Names;
};
export type ConsentQuestion = Asked &
  (
    | {
        readonly purpose: 'enroll' | 'renew' | 'reacquire';
        readonly account: Account;
        readonly keyType: KeyType;
      }
    | {
        readonly purpose: 'authenticate' | 'remove';
        /** A log-in's order may name none. */
        readonly account?: Account;
        readonly certificate: CertificateName;
      }
  );

export type PinQuestion = {
  readonly purpose: 'enroll' | 'renew' | 'reacquire' | 'write-back' | 'abandon' | 'authenticate' | 'remove';
  readonly bank: Names;
  readonly account?: string;
  readonly token: TokenName;
  /** What the token says of the tries left (CKF_USER_PIN_COUNT_LOW, CKF_USER_PIN_FINAL_TRY); it may say nothing. */
  readonly tries: 'unknown' | 'few' | 'last';
  /** The PIN given just before was refused by the token. */
  readonly refusedBefore: boolean;
};

export type CodeQuestion = { readonly bank: Names; readonly account: Account };
export type TokenQuestion = { readonly bank: Names; readonly tokens: readonly TokenName[] };
export type CertificateQuestion = { readonly bank: Names; readonly certificates: readonly CertificateName[] };

/** Every method may throw AgentError ERR_USER_TIMEOUT and ERR_USER_UNREACHABLE; aborting the signal closes the dialog. */
export interface Dialog {
  /** True only when the human chose the approving button; the default is refusal. */
  consent(question: ConsentQuestion, signal: AbortSignal): Promise<boolean>;
  /** The PIN as UTF-8 bytes, for the caller to wipe. @throws AgentError ERR_USER_PIN_CANCELLED */
  pin(question: PinQuestion, signal: AbortSignal): Promise<Buffer>;
  /** The bank's code from its letter. @throws AgentError ERR_USER_CANCELLED */
  code(question: CodeQuestion, signal: AbortSignal): Promise<string>;
  /** Index of the chosen token. @throws AgentError ERR_USER_CANCELLED */
  chooseToken(question: TokenQuestion, signal: AbortSignal): Promise<number>;
  /** Index of the certificate to log in with. @throws AgentError ERR_USER_CANCELLED */
  chooseCertificate(question: CertificateQuestion, signal: AbortSignal): Promise<number>;
}

/** How a process is to reach the human; plain JSON, since the agent hands it to the token host. */
export type DialogSettings = {
  readonly language: Language;
  readonly timeoutMs: number;
  /** Path of the scripted human's file; absent for real people. */
  readonly script?: string;
};
