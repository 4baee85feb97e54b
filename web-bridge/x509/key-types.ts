/** The table of key types: one row says all that is known of a type. No other code asks "which algorithm?". */
import type { KeyType } from '../protocol/order.ts';
import { CURVE, type Curve, type Hash, KEY_OID, SIGNATURE_OID } from './algorithms.ts';

/** Numbers of PKCS#11 (v2.40, header pkcs11t.h). A test compares them with those of pkcs11js. */
type Pkcs11 = {
  /** CKA_KEY_TYPE. */
  readonly keyType: number;
  /** The mechanism that generates a key pair. */
  readonly generation: number;
  /** The mechanism that hashes by itself. */
  readonly hashing: number;
  /** The mechanism that signs what was hashed before. */
  readonly bare: number;
};

type Common = {
  /** Of the modulus, or of the curve's field. */
  readonly bits: number;
  readonly hash: Hash;
  /** The signature algorithm in JOSE (RFC 7518 §3.1). */
  readonly jwa: string;
  /** The key in a SubjectPublicKeyInfo. */
  readonly spkiOid: string;
  /** The signature in X.509. */
  readonly signatureOid: string;
  readonly pkcs11: Pkcs11;
};
export type RsaKeyType = Common & { readonly family: 'RSA' };
export type EcKeyType = Common & { readonly family: 'EC'; readonly curve: Curve };

const RSA = {
  family: 'RSA',
  hash: 'sha256',
  jwa: 'RS256',
  spkiOid: KEY_OID.rsa,
  signatureOid: SIGNATURE_OID.sha256WithRsa,
  pkcs11: {
    keyType: 0x0, // CKK_RSA
    generation: 0x0, // CKM_RSA_PKCS_KEY_PAIR_GEN
    hashing: 0x40, // CKM_SHA256_RSA_PKCS
    bare: 0x1, // CKM_RSA_PKCS
  },
} as const;

const EC = { family: 'EC', spkiOid: KEY_OID.ec } as const;
const EC_PKCS11 = {
  keyType: 0x3, // CKK_EC
  generation: 0x1040, // CKM_EC_KEY_PAIR_GEN
  bare: 0x1041, // CKM_ECDSA
} as const;

export const KEY_TYPE: Readonly<Record<KeyType, RsaKeyType | EcKeyType>> = {
  'rsa-2048': { ...RSA, bits: 2048 },
  'rsa-3072': { ...RSA, bits: 3072 },
  'rsa-4096': { ...RSA, bits: 4096 },
  'ec-p256': {
    ...EC,
    bits: 256,
    curve: CURVE.p256,
    hash: 'sha256',
    jwa: 'ES256',
    signatureOid: SIGNATURE_OID.ecdsaWithSha256,
    pkcs11: { ...EC_PKCS11, hashing: 0x1044 }, // CKM_ECDSA_SHA256
  },
  'ec-p384': {
    ...EC,
    bits: 384,
    curve: CURVE.p384,
    hash: 'sha384',
    jwa: 'ES384',
    signatureOid: SIGNATURE_OID.ecdsaWithSha384,
    pkcs11: { ...EC_PKCS11, hashing: 0x1045 }, // CKM_ECDSA_SHA384
  },
};
