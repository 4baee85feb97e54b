/** The key with which a bank signs its orders. One table has everything about each kind of key. */
import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';
import type { ORDER_ALGORITHMS } from '../protocol/order.ts';

export type OrderAlgorithm = (typeof ORDER_ALGORITHMS)[number];
export type SigningKey = { readonly key: KeyObject; readonly kid: string; readonly alg: OrderAlgorithm };

type Kind = {
  readonly name: string;
  readonly fits: (key: KeyObject) => boolean;
  /** The first one is the default. */
  readonly algorithms: readonly OrderAlgorithm[];
};

/** RFC 7518 §3.3–3.5, RFC 8037 §3.1. */
const KINDS: readonly Kind[] = [
  {
    name: 'EC P-256',
    fits: (key) => key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1',
    algorithms: ['ES256'],
  },
  { name: 'Ed25519', fits: (key) => key.asymmetricKeyType === 'ed25519', algorithms: ['EdDSA'] },
  {
    name: 'RSA of 2048 bit or more',
    fits: (key) => key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048,
    algorithms: ['PS256', 'RS256'],
  },
];

export type KeyWishes = {
  /** The `kid` of the header. By default it is the JWK's own, or else its RFC 7638 thumbprint. */
  readonly kid?: string | undefined;
  /** For RSA keys only: PS256 (the default) or RS256. */
  readonly algorithm?: string | undefined;
};

/**
 * Reads a private key from PEM (PKCS#8, SEC 1, PKCS#1) or a private JWK.
 * @throws Error of OpenSSL when the text is not a private key, TypeError when orders may not be signed with this key
 */
export async function readSigningKey(text: string, wishes: KeyWishes = {}): Promise<SigningKey> {
  const jwk = text.trimStart().startsWith('{') ? parseJwk(text) : undefined;
  const key = jwk ? createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' }) : createPrivateKey(text);
  const alg = algorithmOf(key, wishes.algorithm ?? jwk?.alg);
  const kid = wishes.kid ?? jwk?.kid ?? (await calculateJwkThumbprint(exportPublic(key)));
  return { key, kid, alg };
}

function parseJwk(text: string): JWK {
  try {
    return JSON.parse(text) as JWK;
  } catch {
    // The parser's own message would quote the key.
    throw new TypeError('The JWK is not JSON');
  }
}

function algorithmOf(key: KeyObject, wanted: string | undefined): OrderAlgorithm {
  const kind = KINDS.find((kind) => kind.fits(key));
  if (!kind)
    throw new TypeError(`An order is signed by ${KINDS.map((kind) => kind.name).join(', ')}; this key is neither`);
  const alg = wanted === undefined ? kind.algorithms[0] : kind.algorithms.find((name) => name === wanted);
  if (!alg) throw new TypeError(`A key of ${kind.name} signs with ${kind.algorithms.join(' or ')} only`);
  return alg;
}

function exportPublic(key: KeyObject): JWK {
  return createPublicKey(key).export({ format: 'jwk' });
}

/** The public key, as the profile's `orderKeys` needs it. */
export function publicJwk({ key, kid, alg }: SigningKey): JWK {
  return { ...exportPublic(key), kid, alg, use: 'sig' };
}
