/**
 * The algorithms by name: keys, curves, hashes and signatures, with their object identifiers. Only what is strong enough
 * for a certificate stands here (`strength.ts` accepts exactly these), so a weak algorithm must not be added.
 */

/** Algorithms of a SubjectPublicKeyInfo. */
export const KEY_OID = {
  rsa: '1.2.840.113549.1.1.1', // RFC 8017 Appendix C
  ec: '1.2.840.10045.2.1', // RFC 5480 §2.1.1
  ed25519: '1.3.101.112', // RFC 8410 §3
  ed448: '1.3.101.113',
} as const;

/** Named curves (RFC 5480 §2.1.1.1), as X.509, WebCrypto and OpenSSL call them. */
export const CURVE = {
  p256: { oid: '1.2.840.10045.3.1.7', webCrypto: 'P-256', openssl: 'prime256v1', coordinateBytes: 32 },
  p384: { oid: '1.3.132.0.34', webCrypto: 'P-384', openssl: 'secp384r1', coordinateBytes: 48 },
  p521: { oid: '1.3.132.0.35', webCrypto: 'P-521', openssl: 'secp521r1', coordinateBytes: 66 },
} as const;
export type Curve = (typeof CURVE)[keyof typeof CURVE];

/** Hashes by their name in node:crypto (RFC 5754 §2). */
export const HASH = {
  sha256: { oid: '2.16.840.1.101.3.4.2.1', webCrypto: 'SHA-256' },
  sha384: { oid: '2.16.840.1.101.3.4.2.2', webCrypto: 'SHA-384' },
  sha512: { oid: '2.16.840.1.101.3.4.2.3', webCrypto: 'SHA-512' },
} as const;
export type Hash = keyof typeof HASH;

/** Signatures whose identifier says all. RSASSA-PSS says its hash in parameters: `strength.ts`. */
export const SIGNATURE_OID = {
  sha256WithRsa: '1.2.840.113549.1.1.11', // RFC 4055 §5
  sha384WithRsa: '1.2.840.113549.1.1.12',
  sha512WithRsa: '1.2.840.113549.1.1.13',
  ecdsaWithSha256: '1.2.840.10045.4.3.2', // RFC 5758 §3.2
  ecdsaWithSha384: '1.2.840.10045.4.3.3',
  ecdsaWithSha512: '1.2.840.10045.4.3.4',
  ed25519: KEY_OID.ed25519,
  ed448: KEY_OID.ed448,
} as const;
