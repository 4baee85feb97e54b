/** The verbs a page may use, each with the schema of its parameters and of its result. */
import * as v from 'valibot';
import { errorData, PROTOCOL } from './envelope.ts';
import { KEY_TYPES, ORDER_MAX_LENGTH } from './order.ts';

/** 128 random bits, base64url: names one enrollment on the wire, in the journal and in the CLI. */
export const enrollmentId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{22}$/));
export type EnrollmentId = v.InferOutput<typeof enrollmentId>;

/**
 * The states of an enrollment. `accepted` (policy agreed, the human is being asked) lives in memory only; all others
 * are the journal's.
 */
export const STATE_NAMES = [
  'accepted',
  'consented',
  'key-generated',
  'csr-signed',
  'sent',
  'pending',
  'issued',
  'stored',
  'completed',
  'failed',
  'abandoned',
] as const;
export type StateName = (typeof STATE_NAMES)[number];
export const stateName = v.picklist(STATE_NAMES);

const base64 = v.pipe(v.string(), v.regex(/^[A-Za-z0-9+/]*={0,2}$/));
const order = v.strictObject({ order: v.pipe(v.string(), v.maxLength(ORDER_MAX_LENGTH)) });
const named = v.strictObject({ enrollment: enrollmentId });
const none = v.strictObject({});

/** What the module says of the key; `null` where it says nothing. Claims are not evidence. */
export const keyClaims = v.strictObject({
  sensitive: v.nullable(v.boolean()),
  extractable: v.nullable(v.boolean()),
  alwaysSensitive: v.nullable(v.boolean()),
  neverExtractable: v.nullable(v.boolean()),
  local: v.nullable(v.boolean()),
});
export type KeyClaims = v.InferOutput<typeof keyClaims>;

/** One attempt to get the private key out: `refused` by the module, or `impossible` to try with what it offers. */
export const keyTrial = v.strictObject({
  /** What the module claims of the key that this tries, by its attributes; `?` where it says nothing. */
  claimed: v.string(),
  trial: v.picklist(['read-extractable', 'read-secret', 'wrap']),
  outcome: v.picklist(['refused', 'impossible']),
  /** Whether the module's claim fits to what came of it; `unknown` where it claims nothing. */
  claim: v.picklist(['consistent', 'unknown', 'contradicted']),
  /** What was called and what the module answered, in PKCS#11's words; for the record, not for customers. */
  evidence: v.string(),
});
export type KeyTrial = v.InferOutput<typeof keyTrial>;

/** The examination record (検査結果): what was claimed, what was tried, what came of it. */
export const examination = v.strictObject({ claims: keyClaims, trials: v.array(keyTrial) });
export type Examination = v.InferOutput<typeof examination>;

/** The proof of possession made after the write-back, by the key found again on the token. */
export const proof = v.strictObject({
  /** A JWA name (RFC 7518 §3.1). */
  algorithm: v.string(),
  /** What was signed, base64. Its layout: `web-bridge/README.md`. */
  signed: base64,
  /** base64; ECDSA as r‖s (RFC 7518 §3.4). */
  signature: base64,
});
export type Proof = v.InferOutput<typeof proof>;

export const enrollmentResult = v.strictObject({
  certificate: base64,
  chain: v.array(base64),
  /** False where the CA gave the leaf alone and no chain to the issuer could be stored beside it. */
  chainComplete: v.boolean(),
  subject: v.string(),
  issuer: v.string(),
  serialNumber: v.string(),
  /** Of other certificates that the CA issued for the same key, which are not used: for the bank to revoke. */
  otherSerialNumbers: v.optional(v.array(v.string())),
  notBefore: v.string(),
  notAfter: v.string(),
  keyType: v.picklist(KEY_TYPES),
  token: v.strictObject({ label: v.string(), model: v.string() }),
  examination,
  proof,
  /** Certificates by which the token's vendor speaks of this key, where the token shows any; the agent does not judge them. */
  attestation: v.optional(v.array(base64)),
});
export type EnrollmentResult = v.InferOutput<typeof enrollmentResult>;

/** The state of one enrollment as `watch` and `progress` tell it. `error` beside a state that is not final: it waits. */
export const enrollmentStatus = v.strictObject({
  enrollment: enrollmentId,
  state: stateName,
  error: v.optional(errorData),
});
export type EnrollmentStatus = v.InferOutput<typeof enrollmentStatus>;

/** Where a certificate stands in the bank's renewal window; what to do then is the page's to say. */
export const RENEWAL_PHASES = ['too-early', 'open', 'expired-allowed', 'too-late'] as const;
export type RenewalPhase = (typeof RENEWAL_PHASES)[number];
export const renewalStatus = v.strictObject({
  phase: v.picklist(RENEWAL_PHASES),
  opensAt: v.string(),
  expiresAt: v.string(),
  closesAt: v.string(),
});
export type RenewalStatus = v.InferOutput<typeof renewalStatus>;
/** A token of a bank's customer holds one or two; an answer of the bridge must fit into one message. */
export const RENEWALS_MAX = 16;

export const METHODS = {
  hello: { params: none, result: v.strictObject({ protocol: v.literal(PROTOCOL), version: v.string() }) },
  status: {
    params: none,
    result: v.strictObject({
      /** Whether a token that this bank accepts is plugged in. */
      token: v.boolean(),
      enrollments: v.array(enrollmentStatus),
      renewal: v.strictObject({
        /** When re-enrollment is open, in days before and after the certificate's expiry. */
        opensDaysBefore: v.number(),
        closesDaysAfter: v.number(),
        /** This bank's certificates on the tokens, the newest for each holder; no names: the page is not told whose. */
        certificates: v.pipe(v.array(renewalStatus), v.maxLength(RENEWALS_MAX)),
      }),
    }),
  },
  enroll: { params: order, result: named },
  reenroll: { params: order, result: named },
  authenticate: {
    params: order,
    /** A Web eID authentication token, `web-eid:1.0`. */
    result: v.strictObject({
      format: v.literal('web-eid:1.0'),
      unverifiedCertificate: base64,
      algorithm: v.string(),
      signature: base64,
      appVersion: v.string(),
    }),
  },
  remove: { params: order, result: v.strictObject({ removed: v.boolean() }) },
  watch: {
    params: named,
    result: v.strictObject({
      enrollment: enrollmentId,
      state: stateName,
      error: v.optional(errorData),
      result: v.optional(enrollmentResult),
    }),
  },
  cancel: { params: named, result: enrollmentStatus },
} as const;

export type Method = keyof typeof METHODS;
export type Params<M extends Method> = v.InferOutput<(typeof METHODS)[M]['params']>;
export type Result<M extends Method> = v.InferOutput<(typeof METHODS)[M]['result']>;

export function isMethod(name: string): name is Method {
  return Object.hasOwn(METHODS, name);
}
