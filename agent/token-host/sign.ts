/** Signatures by a key on the token. Never a caller's digest, never SHA-1, and none leaves before it was verified here. */
import { createHash, createPublicKey, verify } from 'node:crypto';
import pkcs11js, { type Handle } from 'pkcs11js';
import { TAG } from '../../web-bridge/asn1/read.ts';
import { element, unsignedInteger } from '../../web-bridge/asn1/write.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { HostKeyReference } from '../token/host-protocol.ts';
import { rvOf } from './ckr.ts';
import { KEY_ROWS, type KeyRow } from './key-types.ts';
import { findPrivateKey } from './keys.ts';
import { login, loginForSignature } from './login.ts';
import { booleanIfAny } from './objects.ts';
import type { OpenToken } from './session.ts';

const MAX_SIGNATURE_BYTES = 1024;

/** DigestInfo of SHA-256 up to the digest (RFC 8017 §9.2, note 1). */
const SHA256_DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex');

/**
 * The signature as the token gives it: PKCS#1 v1.5, or r‖s.
 * @throws AgentError ERR_TOKEN_KEY_MISSING, ERR_TOKEN_SIGNATURE_WRONG
 */
export async function signWith(token: OpenToken, reference: HostKeyReference, data: Uint8Array): Promise<Buffer> {
  await login(token);
  await token.teller.step('sign');
  const key = findPrivateKey(token, reference);
  const row = KEY_ROWS[reference.keyType];
  const signature = await signatureBy(token, key, row, data);
  verifyInSoftware(row, reference.spki, data, signature);
  return signature;
}

async function signatureBy(token: OpenToken, key: Handle, row: KeyRow, data: Uint8Array): Promise<Buffer> {
  const quirk = row.family === 'rsa' ? 'digest-info' : 'own-hash';
  const offered = token.p11.C_GetMechanismList(token.slot).includes(row.hashing);
  if (!offered || token.quirks.has(quirk)) return signBare(token, key, row, data);
  try {
    return await oneShot(token, key, row.hashing, data);
  } catch (error) {
    // Advertised, then refused (PSS on IsoApplet v1 is such a case): the bare mechanism is the way that is left.
    if (rvOf(error) !== 'CKR_MECHANISM_INVALID') throw error;
    return signBare(token, key, row, data);
  }
}

function signBare(token: OpenToken, key: Handle, row: KeyRow, data: Uint8Array): Promise<Buffer> {
  const digest = createHash(row.hash).update(data).digest();
  return oneShot(token, key, row.bare, row.family === 'rsa' ? Buffer.concat([SHA256_DIGEST_INFO, digest]) : digest);
}

/** C_Sign alone: tpm2-pkcs11 1.9 crashes when C_SignFinal follows it. */
async function oneShot(token: OpenToken, key: Handle, mechanism: number, data: Uint8Array): Promise<Buffer> {
  token.p11.C_SignInit(token.session, { mechanism }, key);
  if (booleanIfAny(token, key, pkcs11js.CKA_ALWAYS_AUTHENTICATE)) {
    await loginForSignature(token);
    await token.teller.step('sign');
  }
  return Buffer.from(token.p11.C_Sign(token.session, Buffer.from(data), Buffer.alloc(MAX_SIGNATURE_BYTES)));
}

function verifyInSoftware(row: KeyRow, spki: Uint8Array, data: Uint8Array, signature: Uint8Array): void {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  const expected = row.family === 'rsa' ? row.octets : 2 * row.octets;
  const right = signature.length === expected && verify(row.hash, data, { key, dsaEncoding: 'ieee-p1363' }, signature);
  if (!right) throw new AgentError('ERR_TOKEN_SIGNATURE_WRONG');
}

/** As X.509 carries it: ECDSA as SEQUENCE of r and s (RFC 3279 §2.2.3), RSA as it is. */
export function asX509(reference: HostKeyReference, signature: Buffer): Buffer {
  const { family, octets } = KEY_ROWS[reference.keyType];
  if (family === 'rsa') return signature;
  return element(
    TAG.sequence,
    unsignedInteger(signature.subarray(0, octets)),
    unsignedInteger(signature.subarray(octets)),
  );
}
