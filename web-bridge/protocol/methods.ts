/** The methods a page may call, each with the schema of its parameters and of its result. */
import * as v from 'valibot';
import { errorData, PROTOCOL } from './envelope.ts';
import { KEY_TYPES, ORDER_MAX_LENGTH } from './order.ts';

/** The id of an enrollment on the wire, in the journal and in the CLI: 128 random bits, base64url. */
export const enrollmentId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{22}$/));
export type EnrollmentId = v.InferOutput<typeof enrollmentId>;

/**
 * The states of an enrollment. The journal has all of them except `accepted`: policy has accepted the order, and the human is
 * being asked.
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

/** What the module claims of the key; `null` if it does not tell. A claim is no evidence. */
export const keyClaims = v.strictObject({
  sensitive: v.nullable(v.boolean()),
  extractable: v.nullable(v.boolean()),
  alwaysSensitive: v.nullable(v.boolean()),
  neverExtractable: v.nullable(v.boolean()),
  local: v.nullable(v.boolean()),
});
export type KeyClaims = v.InferOutput<typeof keyClaims>;

/** One attempt to get the private key out. The module `refused` it, or offers no means for it (`impossible`). */
export const keyTrial = v.strictObject({
  /** The attributes that this attempt tests, with the values that the module claims; `?` if it does not tell. */
  claimed: v.string(),
  trial: v.picklist(['read-extractable', 'read-secret', 'wrap']),
  outcome: v.picklist(['refused', 'impossible']),
  /** Whether the module's claim agrees with the outcome; `unknown` if it claims nothing. */
  claim: v.picklist(['consistent', 'unknown', 'contradicted']),
  /** The PKCS#11 call and the module's answer; for the record, not for customers. */
  evidence: v.string(),
});
export type KeyTrial = v.InferOutput<typeof keyTrial>;

/** The examination record (検査結果): the claims, the attempts, and their outcomes. */
export const examination = v.strictObject({ claims: keyClaims, trials: v.array(keyTrial) });
export type Examination = v.InferOutput<typeof examination>;

/** The proof of possession: the key signs it after the certificate was written and both were found again on the token. */
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
  /** False if the CA sent only the leaf, so that no chain to the issuer could be stored beside it. */
  chainComplete: v.boolean(),
  subject: v.string(),
  issuer: v.string(),
  serialNumber: v.string(),
  /** Serial numbers of further certificates that the CA issued for this key. They are not used; the bank may revoke them. */
  otherSerialNumbers: v.optional(v.array(v.string())),
  notBefore: v.string(),
  notAfter: v.string(),
  keyType: v.picklist(KEY_TYPES),
  token: v.strictObject({ label: v.string(), model: v.string() }),
  examination,
  proof,
  /** The vendor's attestation certificates about this key, if the token has any. The agent does not validate them. */
  attestation: v.optional(v.array(base64)),
});
export type EnrollmentResult = v.InferOutput<typeof enrollmentResult>;

/** The state of one enrollment, as in `watch` and `progress`. An `error` beside a state that is not final says why it waits. */
export const enrollmentStatus = v.strictObject({
  enrollment: enrollmentId,
  state: stateName,
  error: v.optional(errorData),
});
export type EnrollmentStatus = v.InferOutput<typeof enrollmentStatus>;

/** The phase of a certificate in the bank's renewal window. The page decides what to offer in it. */
export const RENEWAL_PHASES = ['too-early', 'open', 'expired-allowed', 'too-late'] as const;
export type RenewalPhase = (typeof RENEWAL_PHASES)[number];
export const renewalStatus = v.strictObject({
  phase: v.picklist(RENEWAL_PHASES),
  opensAt: v.string(),
  expiresAt: v.string(),
  closesAt: v.string(),
});
export type RenewalStatus = v.InferOutput<typeof renewalStatus>;
/** An answer must fit into one message of the bridge. A customer's token usually holds one or two certificates. */
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
        /** This bank's certificates on the tokens, the newest of each holder. No names: a page must not learn whose they are. */
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
