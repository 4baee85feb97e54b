/**
 * What the use case needs of the world, in its own words. The rooms `token`, `ca`, `dialog` and `main.ts` fill these in;
 * an interface exists here because a test or a second implementation stands behind it.
 */

import type { CertificateDer, CsrDer, CsrInfoDer, SpkiDer } from '../../web-bridge/asn1/der.ts';
import type { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { EnrollmentId, Examination, Proof } from '../../web-bridge/protocol/methods.ts';
import type { KeyType } from '../../web-bridge/protocol/order.ts';
import type { ParsedCertificate } from '../../web-bridge/x509/certificate.ts';
import type { AuthorizationShape, LoginPlan, Plan, RemovalPlan } from '../policy/plan.ts';
import type { RemindedPhase } from '../policy/renewal.ts';
import type { State } from './state.ts';

/** A token as people and code name it; slots and handles stay in the token host. All strings are trimmed. */
export type TokenIdentity = {
  /** Real path of the module that shows it. */
  readonly module: string;
  readonly label: string;
  readonly serialNumber: string;
  readonly manufacturer: string;
  readonly model: string;
  /** Tells readers apart where cards share the serial number "0000". */
  readonly slotDescription: string;
};

/** What a token says of itself before anybody logs in (CK_TOKEN_INFO). */
export type TokenDescription = TokenIdentity & {
  readonly initialized: boolean;
  readonly userPinInitialized: boolean;
  readonly writeProtected: boolean;
  readonly pinCountLow: boolean;
  readonly pinFinalTry: boolean;
  readonly pinLocked: boolean;
  /** The PIN is typed on the reader (CKF_PROTECTED_AUTHENTICATION_PATH). */
  readonly pinPad: boolean;
  /** Key types whose generation and signature mechanisms the token offers. */
  readonly keyTypes: readonly KeyType[];
};

/** A certificate that lies on a token, whosever it is. */
export type StoredCertificate = {
  readonly token: TokenIdentity;
  readonly certificate: CertificateDer;
  readonly label: string;
};

export type GeneratedKey = {
  readonly keyType: KeyType;
  readonly spki: SpkiDer;
  readonly examination: Examination;
  /** Certificates by which the vendor speaks of this key, where the token shows any. Not judged here. */
  readonly attestation?: readonly CertificateDer[];
};

/** What the PIN dialog tells the human: why it is asked, by whom, for whom. Every string comes from the plan. */
export type PinContext = {
  readonly profile: string;
  readonly purpose:
    | 'enroll'
    | 'renew'
    | 'reacquire'
    | 'write-back'
    | 'abandon'
    | 'authenticate'
    | 'remove'
    | 'change-pin';
  /** A person who changes the PIN does so for no bank. */
  readonly bank?: Plan['bank'];
  /** What to do and whom to call when the PIN is locked, or nearly. */
  readonly help?: Plan['help'];
  /** Absent where a log-in's order names none. */
  readonly account?: string;
};

export type TokenWatch = {
  /** Answers when a token has come or gone since the last answer. */
  changed(): Promise<void>;
  close(): Promise<void>;
};

export interface Tokens {
  /** All initialized tokens of all modules; a module that fails is logged and left out. Needs no PIN. */
  list(signal: AbortSignal, deadlines?: Plan['deadlines']): Promise<TokenDescription[]>;
  /** For a human who is to plug a token in. Aborting the signal ends it. */
  watch(signal: AbortSignal, deadlines: Plan['deadlines']): Promise<TokenWatch>;
  /** The certificates on one token. Needs no PIN. */
  certificates(token: TokenIdentity, signal: AbortSignal): Promise<StoredCertificate[]>;
  /**
   * Starts a token host for this token. The PIN is asked by the host at the first call that needs it.
   * @throws AgentError ERR_TOKEN_MISSING, ERR_MODULE_*, ERR_TOKEN_HOST_*
   */
  open(
    token: TokenIdentity,
    pin: PinContext,
    deadlines: Plan['deadlines'] | undefined,
    signal: AbortSignal,
  ): Promise<TokenSession>;
}

/** One token host with one token open. Every call may also throw ERR_TOKEN_HOST_*, ERR_TOKEN_REMOVED, ERR_TOKEN_FAILED. */
export interface TokenSession {
  /**
   * Makes a key pair of the first type that the token can make, under `ckaId`, and judges by behaviour that the private
   * key cannot leave. A pair that already lies there under this id is judged again and returned: a resumed enrollment.
   * @throws AgentError ERR_TOKEN_CANNOT_CREATE_KEYS, ERR_TOKEN_KEY_EXPORTABLE, ERR_TOKEN_PIN_*, ERR_USER_PIN_CANCELLED, ERR_TOKEN_FULL
   */
  generate(request: {
    readonly ckaId: Uint8Array;
    readonly label: string;
    readonly keys: readonly KeyType[];
  }): Promise<GeneratedKey>;
  /** Signs a CertificationRequestInfo that names this very key, or nothing. The signature is as X.509 encodes it. */
  signRequest(key: KeyReference, info: CsrInfoDer): Promise<Uint8Array>;
  /** Writes the certificate, and the chain where the token takes it. Everything was checked before; nothing is overwritten. */
  store(key: KeyReference, certificate: CertificateDer, chain: readonly CertificateDer[], label: string): Promise<void>;
  /**
   * Starts the module anew, finds key and certificate by their values and signs `challenge` under a domain of its own.
   * @throws AgentError ERR_TOKEN_KEY_MISSING, ERR_TOKEN_CERTIFICATE_MISSING, ERR_TOKEN_SIGNATURE_WRONG
   */
  prove(key: KeyReference, certificate: CertificateDer, challenge: Uint8Array): Promise<Proof>;
  /** Destroys a pair that has no certificate on the token; answers what is left under its CKA_ID, which should be 0. */
  destroy(ckaId: Uint8Array, spki?: SpkiDer): Promise<{ readonly left: number }>;
  /**
   * Signs the log-in value that the host itself makes of origin and nonce, with the key of a certificate on this token.
   * The signature is as JWS has it (RFC 7518 §3).
   * @throws AgentError ERR_TOKEN_CERTIFICATE_MISSING, ERR_TOKEN_KEY_MISSING, ERR_TOKEN_SIGNATURE_WRONG
   */
  authenticate(certificate: CertificateDer, origin: string, nonce: string): Promise<LoginSignature>;
  /**
   * Destroys this certificate and its pair, and nothing else; answers what is left of them in a module started anew.
   * @throws AgentError ERR_TOKEN_CERTIFICATE_MISSING
   */
  remove(certificate: CertificateDer): Promise<{ readonly left: number }>;
  /**
   * Has the human choose a new PIN, after the present one. @throws AgentError ERR_TOKEN_PIN_*, ERR_USER_PIN_CANCELLED
   */
  changePin(): Promise<void>;
  /** Ends the host, and with it the login state. Safe to call twice. */
  close(): Promise<void>;
}

/** `algorithm`: a JWA name. */
export type LoginSignature = { readonly algorithm: string; readonly signature: Uint8Array };

/** CKA_ID is a hint that some cards change; the public key is what names a key. */
export type KeyReference = { readonly ckaId: Uint8Array; readonly spki: SpkiDer; readonly keyType: KeyType };

/** What the CA wants to see in the request (RFC 7030 §4.5), asked before a key is made. */
export type CsrAttributes = {
  /** Key types the CA requires; `undefined`: it does not say. */
  readonly keys: readonly KeyType[] | undefined;
  /** OIDs of extensions it wants in the request. */
  readonly extensions: readonly string[];
};

export type Authorization = AuthorizationShape & { readonly secret: string };

export type CaAnswer =
  | { readonly kind: 'issued'; readonly certificates: readonly CertificateDer[]; readonly date: Date | undefined }
  /** RFC 7030 §4.2.3: `retryAfterMs` as the server said it, unclamped; `undefined` where it did not. */
  | { readonly kind: 'pending'; readonly retryAfterMs: number | undefined };

export interface CertificationAuthority {
  /** RFC 7030 §4.5. */
  csrattrs(signal: AbortSignal): Promise<CsrAttributes>;
  /** RFC 7030 §4.1: never a source of trust, only of intermediates. */
  cacerts(signal: AbortSignal): Promise<CertificateDer[]>;
  /**
   * RFC 7030 §4.2.
   * @throws AgentError ERR_CA_UNREACHABLE: not a byte of the request went out, to send again is safe; ERR_CA_ANSWER_LOST:
   * the request may have arrived and a certificate may exist; ERR_CA_REFUSED, ERR_CA_AUTHORIZATION_REFUSED … : it answered.
   */
  simpleenroll(csr: CsrDer, authorization: Authorization, signal: AbortSignal): Promise<CaAnswer>;
}

export type ConnectCa = (service: Plan['service'], timeoutMs: number) => CertificationAuthority;

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

/** A customer's certificate on a token that is plugged in. */
export type CertificateAtHand = { readonly token: TokenDescription; readonly parsed: ParsedCertificate };

export type ConsentRequest =
  | { readonly plan: Plan; readonly token: TokenDescription; readonly keyType: KeyType }
  | ({ readonly plan: LoginPlan | RemovalPlan } & CertificateAtHand);

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

/** Orders that no journal entry stands for, spent durably before they are acted upon. */
export interface SpentOrders {
  /** @throws AgentError ERR_POLICY_ORDER_USED */
  check(jti: string): Promise<void>;
  /** @throws AgentError ERR_POLICY_ORDER_USED, ERR_INTERNAL_STATE_UNWRITABLE */
  spend(jti: string, until: number, signal: AbortSignal): Promise<void>;
}

/** The latest state of each enrollment, durable. */
export interface Journal {
  read(enrollment: EnrollmentId): Promise<JournalEntry | undefined>;
  list(): Promise<JournalEntry[]>;
  /** Takes the space that this enrollment will need, before its first act. @throws AgentError ERR_INTERNAL_STATE_UNWRITABLE */
  reserve(enrollment: EnrollmentId): Promise<void>;
  /** Gives the space back. */
  release(enrollment: EnrollmentId): Promise<void>;
  /** Durable when it returns. @throws AgentError ERR_INTERNAL_STATE_UNWRITABLE */
  write(entry: JournalEntry): Promise<void>;
  /** The authorization's own file: the one secret on disk. */
  keepSecret(enrollment: EnrollmentId, secret: string): Promise<void>;
  secret(enrollment: EnrollmentId): Promise<string | undefined>;
  eraseSecret(enrollment: EnrollmentId): Promise<void>;
  /** What a crash left of enrollments that were never consented, and of writes that it cut off: secrets among it. */
  eraseStrays(): Promise<void>;
}

export type JournalEntry = {
  readonly enrollment: EnrollmentId;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly updatedAt: number;
  readonly state: State;
};

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** @throws the signal's reason */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Across processes: the CLI and `serve` share one lock per token and per enrollment. */
export interface Locks {
  /** Waits at most `waitMs`. @throws AgentError `busy` when another process holds it */
  hold(name: string, busy: AgentError, waitMs: number, signal: AbortSignal): Promise<() => Promise<void>>;
  /** The same token seen through two modules is one token. @throws AgentError ERR_TOKEN_BUSY */
  holdToken(token: TokenIdentity, signal: AbortSignal): Promise<() => Promise<void>>;
}

/** What was last said of a certificate's renewal; `removed`: it is gone from the token, and nothing is said any more. */
export type Reminder = { readonly about: RemindedPhase | 'removed'; readonly at: number };

/** The last reminder of each certificate, durable. What cannot be read or written is reported and throws nothing. */
export interface ReminderBook {
  last(certificate: CertificateDer): Promise<Reminder | undefined>;
  write(certificate: CertificateDer, reminder: Reminder): Promise<void>;
  /** Forgets all others. */
  keepOnly(certificates: readonly CertificateDer[]): Promise<void>;
}

/** A certificate waits for the PIN, to be written onto the token; or it is time to renew it, or to acquire it again. */
export type Notice = Pick<Plan, 'bank' | 'account'> &
  (
    | { readonly about: 'write-back' }
    | { readonly about: 'renew' | 'reacquire'; readonly expires: Date; readonly closes: Date }
  );

export type Ports = {
  readonly tokens: Tokens;
  readonly connectCa: ConnectCa;
  readonly human: Human;
  readonly journal: Journal;
  readonly locks: Locks;
  readonly attention: Attention;
  readonly spentOrders: SpentOrders;
  readonly reminderBook: ReminderBook;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  /** Tells a person who may be elsewhere that they are needed. Not shown is no failure. */
  readonly notify: (notice: Notice) => void;
  readonly report: (fact: string, details: Readonly<Record<string, unknown>>) => void;
};
