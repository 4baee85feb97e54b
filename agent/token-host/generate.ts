/** Generates a key pair on the token, or goes on with the pair that an earlier run made under the same CKA_ID. */
import pkcs11js, { type Handle } from 'pkcs11js';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { KeyType } from '../../web-bridge/protocol/order.ts';
import { KEY_TYPE } from '../../web-bridge/x509/key-types.ts';
import type { HostParams, HostResult } from '../token/host-protocol.ts';
import { attestationsOf } from './attestation.ts';
import { rvOf } from './ckr.ts';
import { examine } from './examination.ts';
import { assertSpaceForPair } from './free-space.ts';
import { login } from './login.ts';
import { findOfClass, findUnder } from './objects.ts';
import { type PublicHalf, publicHalfOfPrivate } from './public-half.ts';
import type { OpenToken } from './session.ts';
import { keyTypesOf } from './slots.ts';
import { undoOnFailure } from './snapshot.ts';
import { privateKeyTemplate, publicKeyTemplate, withoutExtractable } from './templates.ts';

type Request = HostParams<'generate'>;
type Pair = PublicHalf & { readonly privateKey: Handle };

/** Answers that mean "not this key type". The next type in the order's preference is then tried. */
const NOT_THIS_TYPE: ReadonlySet<string | undefined> = new Set([
  'CKR_MECHANISM_INVALID',
  'CKR_MECHANISM_PARAM_INVALID',
  'CKR_KEY_SIZE_RANGE',
  'CKR_DOMAIN_PARAMS_INVALID',
  'CKR_CURVE_NOT_SUPPORTED',
  'CKR_FUNCTION_NOT_SUPPORTED',
]);

/** @throws AgentError ERR_TOKEN_CANNOT_CREATE_KEYS, ERR_TOKEN_KEY_EXPORTABLE, ERR_TOKEN_FULL and what `login` throws */
export async function generate(token: OpenToken, request: Request): Promise<HostResult<'generate'>> {
  // Before the PIN is asked: no PIN would help.
  const offered = token.quirks.has('so-creates-keys') ? [] : keyTypesOf(token.p11, token.slot);
  const types = request.keys.filter((type) => offered.includes(type));
  if (types.length === 0) throw new AgentError('ERR_TOKEN_CANNOT_CREATE_KEYS', { offered: offered.join(' ') });
  await login(token);
  await token.progress.step('generate');
  const { privateKey, keyType, spki } = resumedPair(token, request) ?? newPair(token, request, types);
  const examination = examinedOrDestroyed(token, request.ckaId, privateKey);
  return { keyType, spki, examination, attestation: attestationsOf(token, request.ckaId, spki) };
}

function resumedPair(token: OpenToken, { ckaId }: Request): Pair | undefined {
  const [privateKey] = findOfClass(token, pkcs11js.CKO_PRIVATE_KEY, ckaId);
  const half = privateKey && publicHalfOfPrivate(token, privateKey);
  if (privateKey && half) return { ...half, privateKey };
  removeHalf(token, ckaId);
  return undefined;
}

/** A crash may leave half a pair under our random CKA_ID. It is destroyed, unless a certificate is there. */
function removeHalf(token: OpenToken, ckaId: Uint8Array): void {
  if (findOfClass(token, pkcs11js.CKO_CERTIFICATE, ckaId).length > 0) return;
  for (const handle of findUnder(token, ckaId)) token.p11.C_DestroyObject(token.session, handle);
}

function newPair(token: OpenToken, request: Request, types: readonly KeyType[]): Pair {
  assertSpaceForPair(token);
  const ckaId = Buffer.from(request.ckaId);
  let refused: unknown;
  for (const type of types) {
    try {
      return undoOnFailure(token, ckaId, () => generatePair(token, type, ckaId, request.label));
    } catch (error) {
      if (!NOT_THIS_TYPE.has(rvOf(error))) throw error;
      refused = error;
    }
  }
  throw new AgentError('ERR_TOKEN_CANNOT_CREATE_KEYS', { rv: rvOf(refused) ?? 'none' }, refused);
}

function generatePair(token: OpenToken, type: KeyType, ckaId: Buffer, label: string): Pair {
  const row = KEY_TYPE[type];
  const wanted = privateKeyTemplate(row, ckaId, label);
  const make = (template: typeof wanted): Handle =>
    token.p11.C_GenerateKeyPair(
      token.session,
      { mechanism: row.pkcs11.generation },
      publicKeyTemplate(row, ckaId, label),
      template,
    ).privateKey;
  const privateKey = token.quirks.has('omit-extractable')
    ? make(withoutExtractable(wanted))
    : orWithoutExtractable(make, wanted);
  const half = publicHalfOfPrivate(token, privateKey);
  if (half?.keyType !== type)
    throw new AgentError('ERR_TOKEN_FAILED', { rv: 'public key unreadable', fn: 'C_GenerateKeyPair' });
  return { ...half, privateKey };
}

/** Tries the whole template first. Only CKA_EXTRACTABLE may be left out, since the examination reads it back. */
function orWithoutExtractable(
  make: (template: ReturnType<typeof withoutExtractable>) => Handle,
  wanted: ReturnType<typeof withoutExtractable>,
): Handle {
  try {
    return make(wanted);
  } catch (error) {
    if (rvOf(error) !== 'CKR_ATTRIBUTE_TYPE_INVALID') throw error;
    return make(withoutExtractable(wanted));
  }
}

/** A key that can leave the token must not stay on it. One with a certificate is never destroyed. */
function examinedOrDestroyed(token: OpenToken, ckaId: Uint8Array, key: Handle): HostResult<'generate'>['examination'] {
  try {
    return examine(token, token.slot, key);
  } catch (error) {
    // If the examination broke off, nothing bad is known of the key: it stays, and is found again by its CKA_ID.
    if (error instanceof AgentError && error.code === 'ERR_TOKEN_KEY_EXPORTABLE') removeHalf(token, ckaId);
    throw error;
  }
}
