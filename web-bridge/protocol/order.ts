/**
 * The claims of an order: the bank's server signs them, and the agent's policy reads them. Specification:
 * `web-bridge/bank/ORDER.md`. An unknown member is refused everywhere, because its author expects an effect that the agent
 * does not have.
 */
import * as v from 'valibot';

/** JOSE `typ` of an order (RFC 7515 §4.1.9). */
export const ORDER_TYP = 'inkan-order+jwt';
/** `exp − iat` at most, in seconds. */
export const ORDER_MAX_LIFETIME_S = 15 * 60;
/** Clock skew that is allowed between the bank's server and this machine, in seconds. */
export const ORDER_CLOCK_SKEW_S = 5 * 60;
/** Characters of a compact order; it must fit into one message of the bridge. */
export const ORDER_MAX_LENGTH = 12 * 1024;
/** JWS algorithms of orders (RFC 7518 §3.1, RFC 8037). The key in the profile decides which one is accepted. */
export const ORDER_ALGORITHMS = ['ES256', 'EdDSA', 'PS256', 'RS256'] as const;

export const KEY_TYPES = ['rsa-2048', 'rsa-3072', 'rsa-4096', 'ec-p256', 'ec-p384'] as const;
export type KeyType = (typeof KEY_TYPES)[number];

/** The protocols in which the agent requests certificates from a CA; `agent/ca` speaks them. */
export const CA_PROTOCOLS = ['est'] as const;
export type CaProtocol = (typeof CA_PROTOCOLS)[number];

/** Attribute types of a subject that an order may name (RFC 4519 short names, RFC 5280 §4.1.2.4). */
export const SUBJECT_ATTRIBUTES = ['CN', 'O', 'OU', 'C', 'ST', 'L', 'serialNumber', 'title', 'SN', 'GN'] as const;

/** Key usages (RFC 5280 §4.2.1.3) that an order may name. None of them is for a CA only. */
export const KEY_USAGES = ['digitalSignature', 'nonRepudiation'] as const;
export const EXTENDED_KEY_USAGES = ['clientAuth', 'emailProtection'] as const;

/** Nearly every text has only these characters, all of them allowed. The classes below take a millisecond to compile. */
const USUAL = /^[ -~\u3000-\u30ff\u4e00-\u9fff\uff01-\uff5e]*$/;

/** Printable text without control, format (bidi, zero-width) and line-separator characters: it may reach a dialog. */
export function plainText(maxLength: number): v.GenericSchema<string> {
  return v.pipe(
    v.string(),
    v.minLength(1),
    v.maxLength(maxLength),
    v.check(
      (text) => USUAL.test(text) || !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text),
      'control or format character',
    ),
  );
}

/** Printable US-ASCII without blanks, as in HTTP credentials and identifiers. */
const ascii = (maxLength: number) => v.pipe(v.string(), v.regex(/^[\x21-\x7e]+$/), v.maxLength(maxLength));

const account = v.strictObject({ id: plainText(64), display: plainText(128) });

/** The bank's one-time credential for its own CA. `basic` and `bearer` carry it; for `asked`, the human types it. */
const authorization = v.variant('scheme', [
  v.strictObject({ scheme: v.literal('basic'), id: ascii(128), secret: ascii(512) }),
  v.strictObject({ scheme: v.literal('bearer'), secret: ascii(2048) }),
  v.strictObject({ scheme: v.literal('asked'), id: ascii(128) }),
]);
export type OrderAuthorization = v.InferOutput<typeof authorization>;

const acquisition = {
  account,
  subject: v.pipe(v.array(v.tuple([v.picklist(SUBJECT_ATTRIBUTES), plainText(256)])), v.minLength(1), v.maxLength(16)),
  keys: v.pipe(v.array(v.picklist(KEY_TYPES)), v.minLength(1), v.maxLength(KEY_TYPES.length)),
  extensions: v.strictObject({
    keyUsage: v.pipe(v.array(v.picklist(KEY_USAGES)), v.minLength(1)),
    extendedKeyUsage: v.pipe(v.array(v.picklist(EXTENDED_KEY_USAGES)), v.minLength(1)),
  }),
  enrollment: v.strictObject({ protocol: v.picklist(CA_PROTOCOLS), label: ascii(64), authorization }),
};

/** A certificate named as in RFC 5280: by its issuer's Name (DER, base64) and its serial number (hexadecimal). */
const certificateReference = v.strictObject({
  issuer: v.pipe(v.string(), v.regex(/^[A-Za-z0-9+/]+={0,2}$/), v.maxLength(2048)),
  serialNumber: v.pipe(v.string(), v.regex(/^([0-9a-f]{2}){1,20}$/)),
});
export type CertificateReference = v.InferOutput<typeof certificateReference>;

const seconds = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const common = {
  iss: ascii(64),
  aud: v.literal('inkan'),
  jti: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{22,64}$/)),
  iat: seconds,
  exp: seconds,
  origin: v.pipe(v.string(), v.regex(/^https?:\/\/[\x21-\x7e]+$/), v.maxLength(255)),
};

const enrollClaims = v.strictObject({ ...common, purpose: v.literal('enroll'), ...acquisition });
const reenrollClaims = v.strictObject({
  ...common,
  purpose: v.literal('reenroll'),
  ...acquisition,
  replaces: certificateReference,
});
const authenticateClaims = v.strictObject({
  ...common,
  purpose: v.literal('authenticate'),
  account: v.optional(account),
  // At least 256 bit of entropy: 44 base64 characters, as the Web eID authentication token specification has it.
  nonce: v.pipe(v.string(), v.regex(/^[\x21-\x7e]{44,128}$/)),
});
const removeClaims = v.strictObject({
  ...common,
  purpose: v.literal('remove'),
  account,
  replaces: certificateReference,
});

/** One schema for each purpose; `purpose` chooses it. */
export const orderClaims = v.variant('purpose', [enrollClaims, reenrollClaims, authenticateClaims, removeClaims]);

export type OrderClaims = v.InferOutput<typeof orderClaims>;
export type Purpose = OrderClaims['purpose'];
export type AcquisitionClaims = Extract<OrderClaims, { purpose: 'enroll' | 'reenroll' }>;
