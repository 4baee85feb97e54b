/** Tokens, as enrollments and operations need them. `agent/token` implements this. Slots and handles stay in the token host. */

import type { CertificateDer, CsrInfoDer, SpkiDer } from '../../web-bridge/asn1/der.ts';
import type { Examination, Proof } from '../../web-bridge/protocol/methods.ts';
import type { KeyType } from '../../web-bridge/protocol/order.ts';
import type { ParsedCertificate } from '../../web-bridge/x509/certificate.ts';
import type { ShownPurpose } from '../dialog/purposes.ts';
import type { Plan } from './plan.ts';

/** What identifies a token, without slots and handles. All strings are trimmed (PKCS#11 pads them with blanks). */
export type TokenIdentity = {
  /** Real path of the PKCS#11 module that shows the token. */
  readonly module: string;
  readonly label: string;
  readonly serialNumber: string;
  readonly manufacturer: string;
  readonly model: string;
  /** It distinguishes readers: some cards share the serial number "0000". */
  readonly slotDescription: string;
};

/** What a token reports before anybody logs in (CK_TOKEN_INFO). */
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

/** Any certificate on a token, of this bank or another. `label`: its CKA_LABEL. */
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
  /** Attestation certificates of the token's vendor for this key, if the token has any. The agent does not judge them. */
  readonly attestation?: readonly CertificateDer[];
};

/** What the PIN dialog shows: the purpose, the bank and the account. Every string comes from the plan. */
export type PinContext = {
  readonly profile: string;
  readonly purpose: ShownPurpose;
  /** Absent for a change of the PIN, which no bank asks for. */
  readonly bank?: Plan['bank'];
  /** The bank's help for a PIN that is locked, or that the next wrong entry locks. */
  readonly help?: Plan['help'];
  /** Absent if the order of a log-in names no account. */
  readonly account?: string;
};

export type TokenWatch = {
  /** Resolves when a token was inserted or removed since the last call. */
  changed(): Promise<void>;
  close(): Promise<void>;
};

export interface Tokens {
  /**
   * All initialized tokens (CKF_TOKEN_INITIALIZED) of all modules. A module that fails is logged and left out. Needs no PIN.
   */
  list(signal: AbortSignal, deadlines?: Plan['deadlines']): Promise<TokenDescription[]>;
  /** Watches for tokens that are inserted or removed. Aborting the signal ends it. */
  watch(signal: AbortSignal, deadlines: Plan['deadlines']): Promise<TokenWatch>;
  /** The certificates on one token. Needs no PIN. */
  certificates(token: TokenIdentity, signal: AbortSignal): Promise<StoredCertificate[]>;
  /**
   * Starts a token host for this token. The host asks for the PIN at the first call that needs it.
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
   * Makes a key pair with this CKA_ID, of the first type in `keys` that the token supports. Then tests by trial that the
   * private key cannot be extracted. If the token already has a pair with this CKA_ID (a resumed enrollment), that pair is
   * tested and returned.
   * @throws AgentError ERR_TOKEN_CANNOT_CREATE_KEYS, ERR_TOKEN_KEY_EXPORTABLE, ERR_TOKEN_PIN_*, ERR_USER_PIN_CANCELLED, ERR_TOKEN_FULL
   */
  generate(request: {
    readonly ckaId: Uint8Array;
    readonly label: string;
    readonly keys: readonly KeyType[];
  }): Promise<GeneratedKey>;
  /**
   * Signs a CertificationRequestInfo (RFC 2986 §4.1). The host signs it only if it names this key's own public key. The
   * signature is encoded as in X.509 (ECDSA: DER).
   */
  signRequest(key: KeyReference, info: CsrInfoDer): Promise<Uint8Array>;
  /**
   * Writes the certificate, and the chain if the token accepts it. The caller has checked both. The human is asked before the
   * token may overwrite another certificate.
   */
  store(key: KeyReference, certificate: CertificateDer, chain: readonly CertificateDer[], label: string): Promise<void>;
  /**
   * Restarts the module, finds key and certificate by their values, and signs `challenge` with a domain prefix.
   * @throws AgentError ERR_TOKEN_KEY_MISSING, ERR_TOKEN_CERTIFICATE_MISSING, ERR_TOKEN_SIGNATURE_WRONG
   */
  prove(key: KeyReference, certificate: CertificateDer, challenge: Uint8Array): Promise<Proof>;
  /** Destroys a pair without a certificate. `left`: how many objects with its CKA_ID remain; it should be 0. */
  destroy(ckaId: Uint8Array, spki?: SpkiDer): Promise<{ readonly left: number }>;
  /**
   * Signs the log-in value with the key of a certificate on this token. The host computes the value from origin and nonce.
   * The signature is encoded as in JWS (RFC 7518 §3).
   * @throws AgentError ERR_TOKEN_CERTIFICATE_MISSING, ERR_TOKEN_KEY_MISSING, ERR_TOKEN_SIGNATURE_WRONG
   */
  authenticate(certificate: CertificateDer, origin: string, nonce: string): Promise<LoginSignature>;
  /**
   * Destroys this certificate and its key pair, and nothing else. `left`: how many of these objects a restarted module still
   * shows.
   * @throws AgentError ERR_TOKEN_CERTIFICATE_MISSING
   */
  remove(certificate: CertificateDer): Promise<{ readonly left: number }>;
  /**
   * Asks the human for the present PIN and for a new one, and sets it.
   * @throws AgentError ERR_TOKEN_PIN_*, ERR_USER_PIN_CANCELLED
   */
  changePin(): Promise<void>;
  /** Ends the host, and with it the login state of the token. Safe to call twice. */
  close(): Promise<void>;
}

/** `algorithm`: its JWA name (RFC 7518). */
export type LoginSignature = { readonly algorithm: string; readonly signature: Uint8Array };

/** The public key (SPKI) identifies a key. The CKA_ID is a hint only, since some cards change it. */
export type KeyReference = { readonly ckaId: Uint8Array; readonly spki: SpkiDer; readonly keyType: KeyType };
