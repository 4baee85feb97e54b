/** Tokens, as the use cases need them. The room `agent/token` fills this in; slots and handles stay in the token host. */

import type { CertificateDer, CsrInfoDer, SpkiDer } from '../../web-bridge/asn1/der.ts';
import type { Examination, Proof } from '../../web-bridge/protocol/methods.ts';
import type { KeyType } from '../../web-bridge/protocol/order.ts';
import type { ParsedCertificate } from '../../web-bridge/x509/certificate.ts';
import type { ShownPurpose } from '../dialog/purposes.ts';
import type { Plan } from './plan.ts';

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

/** A customer's certificate on a token that is plugged in. */
export type CertificateAtHand = { readonly token: TokenDescription; readonly parsed: ParsedCertificate };

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
  readonly purpose: ShownPurpose;
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
  /** All tokens of all modules that have been set up (CKF_TOKEN_INITIALIZED). A module that fails is logged and left out. Needs no PIN. */
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
