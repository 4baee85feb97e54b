/**
 * The human, as both processes know them: the agent asks for consent, the token host asks for the PIN. Two
 * implementations on a person's desk (pinentry, terminal) and one for tests (scripted).
 */
import type { BankText } from '../../web-bridge/protocol/bank-text.ts';
import type { Language } from '../../web-bridge/protocol/languages.ts';
import type { KeyType } from '../../web-bridge/protocol/order.ts';
import type { ShownPurpose } from './purposes.ts';

export type Names = BankText<string>;

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
  readonly purpose: ShownPurpose;
  /** A person who changes the PIN does so for no bank. */
  readonly bank?: Names;
  readonly account?: string;
  readonly token: TokenName;
  /** What the token says of the tries left (CKF_USER_PIN_COUNT_LOW, CKF_USER_PIN_FINAL_TRY); it may say nothing. */
  readonly tries: 'unknown' | 'few' | 'last';
  /** The PIN given just before was refused by the token. */
  readonly refusedBefore: boolean;
};

/** What a bank's profile says of help: what to do, whom to call. */
export type Help = BankText<{ readonly text: string; readonly telephone: string }>;

export type InsertQuestion = {
  readonly bank: Names;
  readonly help: Help;
  /** None is there; those that are there are not the bank's; none holds the certificate; this very one is wanted again. */
  readonly reason: 'none' | 'not-accepted' | 'certificate-elsewhere' | 'again';
  readonly token?: TokenName;
};

export type LastTryQuestion = { readonly token: TokenName; readonly help?: Help };
export type LockedNotice = { readonly token: TokenName; readonly help?: Help };
/** Lengths as the token says them, which is advice; 0 where it says nothing. */
export type NewPinQuestion = { readonly token: TokenName; readonly least: number; readonly most: number };
export type ReplaceQuestion = {
  readonly token: TokenName;
  /** Of the certificate that lies where ours is to be written. */
  readonly subject: string;
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
  /** Stands until its signal is aborted, because the token is there. @throws AgentError ERR_USER_CANCELLED */
  insertToken(question: InsertQuestion, signal: AbortSignal): Promise<never>;
  /** Before the one entry that a wrong PIN would lock the token by. True only by the approving button. */
  lastTry(question: LastTryQuestion, signal: AbortSignal): Promise<boolean>;
  /** The PIN is locked: what to do, whom to call. Answers when it was read. */
  locked(notice: LockedNotice, signal: AbortSignal): Promise<void>;
  /** "Type on the reader". Answers when it is shown, by what closes it; the caller may block meanwhile. */
  reader(question: PinQuestion): Promise<() => void>;
  /** A new PIN, typed twice alike, for the caller to wipe. @throws AgentError ERR_USER_PIN_CANCELLED */
  newPin(question: NewPinQuestion, signal: AbortSignal): Promise<Buffer>;
  /** Whether the certificate of somebody's may be overwritten; the default is refusal. */
  replace(question: ReplaceQuestion, signal: AbortSignal): Promise<boolean>;
}

/** How a process is to reach the human; plain JSON, since the agent hands it to the token host. */
export type DialogSettings = {
  readonly language: Language;
  readonly timeoutMs: number;
  /** Path of the scripted human's file; absent for real people. */
  readonly script?: string;
};
