/** Signatures by a key on the token. The host hashes by itself, never by SHA-1, and verifies each signature before it leaves. */
import { createHash, createPublicKey, verify } from 'node:crypto';
import pkcs11js, { type Handle } from 'pkcs11js';
import { TAG } from '../../web-bridge/asn1/read.ts';
import { element, objectIdentifier } from '../../web-bridge/asn1/write.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { HASH } from '../../web-bridge/x509/algorithms.ts';
import { ecdsaToDer } from '../../web-bridge/x509/ecdsa.ts';
import { type EcKeyType, KEY_TYPE, type RsaKeyType } from '../../web-bridge/x509/key-types.ts';
import type { HostKeyReference } from '../token/host-protocol.ts';
import { rvOf } from './ckr.ts';
import { findPrivateKey } from './keys.ts';
import { login, loginForSignature } from './login.ts';
import { booleanIfAny } from './objects.ts';
import type { OpenToken } from './session.ts';

const MAX_SIGNATURE_BYTES = 1024;

type KeyRow = RsaKeyType | EcKeyType;

/**
 * The signature as the token gives it: PKCS#1 v1.5, or r‖s.
 * @throws AgentError ERR_TOKEN_KEY_MISSING, ERR_TOKEN_SIGNATURE_WRONG
 */
export async function signWith(token: OpenToken, reference: HostKeyReference, data: Uint8Array): Promise<Buffer> {
  await login(token);
  await token.progress.step('sign');
  const key = findPrivateKey(token, reference);
  const row = KEY_TYPE[reference.keyType];
  const signature = await signatureBy(token, key, row, data);
  verifyInSoftware(row, reference.spki, data, signature);
  return signature;
}

async function signatureBy(token: OpenToken, key: Handle, row: KeyRow, data: Uint8Array): Promise<Buffer> {
  const quirk = row.family === 'RSA' ? 'digest-info' : 'own-hash';
  const offered = token.p11.C_GetMechanismList(token.slot).includes(row.pkcs11.hashing);
  if (!offered || token.quirks.has(quirk)) return signBare(token, key, row, data);
  try {
    return await oneShot(token, key, row.pkcs11.hashing, data);
  } catch (error) {
    // Offered, then refused (as PSS on IsoApplet v1): the bare mechanism is left.
    if (rvOf(error) !== 'CKR_MECHANISM_INVALID') throw error;
    return signBare(token, key, row, data);
  }
}

function signBare(token: OpenToken, key: Handle, row: KeyRow, data: Uint8Array): Promise<Buffer> {
  const digest = createHash(row.hash).update(data).digest();
  return oneShot(token, key, row.pkcs11.bare, row.family === 'RSA' ? digestInfo(row, digest) : digest);
}

/** DigestInfo (RFC 8017 §9.2, note 1). */
function digestInfo({ hash }: KeyRow, digest: Uint8Array): Buffer {
  const algorithm = element(TAG.sequence, objectIdentifier(HASH[hash].oid), element(TAG.null));
  return element(TAG.sequence, algorithm, element(TAG.octetString, digest));
}

/** C_Sign alone: tpm2-pkcs11 1.9 crashes when C_SignFinal follows it. */
async function oneShot(token: OpenToken, key: Handle, mechanism: number, data: Uint8Array): Promise<Buffer> {
  token.p11.C_SignInit(token.session, { mechanism }, key);
  if (booleanIfAny(token, key, pkcs11js.CKA_ALWAYS_AUTHENTICATE)) {
    await loginForSignature(token);
    await token.progress.step('sign');
  }
  return Buffer.from(token.p11.C_Sign(token.session, Buffer.from(data), Buffer.alloc(MAX_SIGNATURE_BYTES)));
}

function verifyInSoftware(row: KeyRow, spki: Uint8Array, data: Uint8Array, signature: Uint8Array): void {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  const expected = row.family === 'RSA' ? row.bits / 8 : 2 * row.curve.coordinateBytes;
  const right = signature.length === expected && verify(row.hash, data, { key, dsaEncoding: 'ieee-p1363' }, signature);
  if (!right) throw new AgentError('ERR_TOKEN_SIGNATURE_WRONG');
}

/** The signature as X.509 encodes it: ECDSA as SEQUENCE { r, s }, RSA unchanged. */
export function asX509({ keyType }: HostKeyReference, signature: Buffer): Uint8Array {
  return KEY_TYPE[keyType].family === 'EC' ? ecdsaToDer(signature) : signature;
}
