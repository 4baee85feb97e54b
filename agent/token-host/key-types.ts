/** All that is known of a key type stands in its row: how it is made, how it signs, how it is called. */
import pkcs11js from 'pkcs11js';
import { KEY_TYPES, type KeyType } from '../../web-bridge/protocol/order.ts';

export type KeyRow = {
  readonly family: 'rsa' | 'ec';
  readonly cka: number;
  readonly bits: number;
  /** Octets of r and of s, or of an RSA signature's whole. */
  readonly octets: number;
  readonly generation: number;
  readonly hash: 'sha256' | 'sha384';
  /** The mechanism that hashes by itself, and the one that signs what we hashed. */
  readonly hashing: number;
  readonly bare: number;
  /** CKA_EC_PARAMS: the curve's OID as DER (RFC 5480 §2.1.1.1). */
  readonly curve: Buffer;
  /** RFC 7518 §3.1. */
  readonly jwa: string;
};

const rsa = (bits: number): KeyRow => ({
  family: 'rsa',
  cka: pkcs11js.CKK_RSA,
  bits,
  octets: bits / 8,
  generation: pkcs11js.CKM_RSA_PKCS_KEY_PAIR_GEN,
  hash: 'sha256',
  hashing: pkcs11js.CKM_SHA256_RSA_PKCS,
  bare: pkcs11js.CKM_RSA_PKCS,
  curve: Buffer.alloc(0),
  jwa: 'RS256',
});

const ec = (bits: number, curve: string, hash: KeyRow['hash'], hashing: number, jwa: string): KeyRow => ({
  family: 'ec',
  cka: pkcs11js.CKK_EC,
  bits,
  octets: bits / 8,
  generation: pkcs11js.CKM_EC_KEY_PAIR_GEN,
  hash,
  hashing,
  bare: pkcs11js.CKM_ECDSA,
  curve: Buffer.from(curve, 'hex'),
  jwa,
});

export const KEY_ROWS: Readonly<Record<KeyType, KeyRow>> = {
  'rsa-2048': rsa(2048),
  'rsa-3072': rsa(3072),
  'rsa-4096': rsa(4096),
  'ec-p256': ec(256, '06082a8648ce3d030107', 'sha256', pkcs11js.CKM_ECDSA_SHA256, 'ES256'),
  'ec-p384': ec(384, '06052b81040022', 'sha384', pkcs11js.CKM_ECDSA_SHA384, 'ES384'),
};

/** The key type of a key that lies on a token already. */
export function keyTypeOf(family: KeyRow['family'], bits: number, curve: Uint8Array | undefined): KeyType | undefined {
  return KEY_TYPES.find((type) => {
    const row = KEY_ROWS[type];
    if (row.family !== family) return false;
    return family === 'rsa' ? row.bits === bits : curve !== undefined && row.curve.equals(curve);
  });
}
