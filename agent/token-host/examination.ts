/**
 * Examines by trial whether a new key can leave the token. The attributes that the module shows (SENSITIVE,
 * NEVER_EXTRACTABLE …) are recorded as claims and decide nothing: NSS claims all of them and wraps the key out, OpenSC 0.23
 * claims none and keeps the key in. C_SetAttributeValue is not tried: tpm2-pkcs11 and sc-hsm accept EXTRACTABLE=1 and keep it.
 */
import pkcs11js, { type Handle } from 'pkcs11js';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Examination, KeyClaims, KeyTrial } from '../../web-bridge/protocol/methods.ts';
import { isOutOfOrder, rvOf } from './ckr.ts';
import { booleanIfAny, type Place, readAttribute } from './objects.ts';
import { WRAPPING_KEY_TEMPLATE } from './templates.ts';

const CLAIMS = {
  sensitive: pkcs11js.CKA_SENSITIVE,
  extractable: pkcs11js.CKA_EXTRACTABLE,
  alwaysSensitive: pkcs11js.CKA_ALWAYS_SENSITIVE,
  neverExtractable: pkcs11js.CKA_NEVER_EXTRACTABLE,
  local: pkcs11js.CKA_LOCAL,
} as const satisfies Record<keyof KeyClaims, number>;

/** CKA_VALUE is the secret of an EC key, the others are those of an RSA key. Every key is asked for all. */
const SECRETS = {
  CKA_VALUE: pkcs11js.CKA_VALUE,
  CKA_PRIVATE_EXPONENT: pkcs11js.CKA_PRIVATE_EXPONENT,
  CKA_PRIME_1: pkcs11js.CKA_PRIME_1,
  CKA_PRIME_2: pkcs11js.CKA_PRIME_2,
  CKA_EXPONENT_1: pkcs11js.CKA_EXPONENT_1,
  CKA_EXPONENT_2: pkcs11js.CKA_EXPONENT_2,
  CKA_COEFFICIENT: pkcs11js.CKA_COEFFICIENT,
} as const;

/** `parameter` is the initialization vector of CBC. RFC 3394 and RFC 5649 need none. */
const WRAPPINGS: readonly { readonly name: string; readonly mechanism: number; readonly parameter?: Buffer }[] = [
  { name: 'CKM_AES_CBC_PAD', mechanism: pkcs11js.CKM_AES_CBC_PAD, parameter: Buffer.alloc(16) },
  { name: 'CKM_AES_KEY_WRAP', mechanism: pkcs11js.CKM_AES_KEY_WRAP },
  { name: 'CKM_AES_KEY_WRAP_PAD', mechanism: pkcs11js.CKM_AES_KEY_WRAP_PAD },
  { name: 'CKM_AES_KEY_WRAP_KWP', mechanism: 0x210b },
];
type Trial = Omit<KeyTrial, 'claimed' | 'claim'>;

const MAX_WRAPPED_BYTES = 16 * 1024;

/** The record of a key that cannot leave. @throws AgentError ERR_TOKEN_KEY_EXPORTABLE { trial }: the caller destroys the key */
export function examine(place: Place, slot: Handle, key: Handle): Examination {
  const tried = [readExtractable(place, key), readSecrets(place, key), wrap(place, slot, key)];
  const claims = claimsOf(place, key);
  return { claims, trials: tried.map((trial) => ({ ...claimedOf(claims, trial), ...trial })) };
}

/** The claims that each trial tests, with the values for a key that cannot leave. */
const TESTED: Readonly<Record<KeyTrial['trial'], readonly (readonly [keyof KeyClaims, boolean])[]>> = {
  'read-extractable': [
    ['extractable', false],
    ['neverExtractable', true],
  ],
  'read-secret': [
    ['sensitive', true],
    ['alwaysSensitive', true],
  ],
  wrap: [
    ['extractable', false],
    ['local', true],
  ],
};

/** The trial showed that the key cannot leave. A claim that it can (OpenSC 0.23) contradicts the trial. */
function claimedOf(claims: KeyClaims, { trial }: Trial): Pick<KeyTrial, 'claimed' | 'claim'> {
  const tested = TESTED[trial].map(([name, right]) => ({ name, right, said: claims[name] }));
  const claimed = tested
    .map(({ name, said }) => `${attributeName(name)} ${said === null ? '?' : Number(said)}`)
    .join(', ');
  if (tested.some(({ said, right }) => said !== null && said !== right)) return { claimed, claim: 'contradicted' };
  return { claimed, claim: tested.some(({ said }) => said === null) ? 'unknown' : 'consistent' };
}

/** `neverExtractable` → `CKA_NEVER_EXTRACTABLE`. */
function attributeName(name: keyof KeyClaims): string {
  return `CKA_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}

function claimsOf(place: Place, key: Handle): KeyClaims {
  const claims = Object.entries(CLAIMS).map(([name, type]) => [name, booleanIfAny(place, key, type) ?? null]);
  return Object.fromEntries(claims) as KeyClaims;
}

/**
 * CKA_EXTRACTABLE must read 0: if the template left it out, nothing else says what the key became. A module that does not
 * know the attribute fails this trial. After any other failure, the key may be examined again.
 */
function readExtractable(place: Place, key: Handle): Trial {
  const extractable = extractableOf(place, key);
  if (extractable !== 0) throw exportable('read-extractable', extractable ? 'reads 1' : 'cannot be read');
  return { trial: 'read-extractable', outcome: 'refused', evidence: 'CKA_EXTRACTABLE reads 0' };
}

function extractableOf(place: Place, key: Handle): number | undefined {
  try {
    return readAttribute(place, key, pkcs11js.CKA_EXTRACTABLE)[0];
  } catch (error) {
    if (rvOf(error) === 'CKR_ATTRIBUTE_TYPE_INVALID' || rvOf(error) === 'CKR_ATTRIBUTE_SENSITIVE') return undefined;
    throw error;
  }
}

function readSecrets(place: Place, key: Handle): Trial {
  const evidence = Object.entries(SECRETS).map(([name, type]) => `${name} ${secretAnswer(place, key, name, type)}`);
  return { trial: 'read-secret', outcome: 'refused', evidence: `C_GetAttributeValue: ${evidence.join(', ')}` };
}

function secretAnswer(place: Place, key: Handle, name: string, type: number): string {
  const answer = answerTo(() => readAttribute(place, key, type));
  if (answer.bytes.length === 0) return answer.rv;
  answer.bytes.fill(0);
  throw exportable('read-secret', name);
}

/** Tries to wrap the key with a session key, by each wrapping mechanism that the token offers. */
function wrap(place: Place, slot: Handle, key: Handle): Trial {
  const offered = new Set(place.p11.C_GetMechanismList(slot));
  const wrappings = WRAPPINGS.filter(({ mechanism }) => offered.has(mechanism));
  const impossible = (evidence: string): Trial => ({ trial: 'wrap', outcome: 'impossible', evidence });
  if (wrappings.length === 0) return impossible('no AES wrapping mechanism is offered');
  if (!offered.has(pkcs11js.CKM_AES_KEY_GEN)) return impossible('CKM_AES_KEY_GEN is not offered');
  const wrapping = wrappingKey(place);
  if (typeof wrapping === 'string') return impossible(`C_GenerateKey CKM_AES_KEY_GEN ${wrapping}`);
  try {
    const evidence = wrappings.map((how) => `${how.name} ${wrapAnswer(place, wrapping, key, how)}`);
    return { trial: 'wrap', outcome: 'refused', evidence: `C_WrapKey: ${evidence.join(', ')}` };
  } finally {
    answerTo(() => {
      place.p11.C_DestroyObject(place.session, wrapping);
      return Buffer.alloc(0);
    });
  }
}

function wrappingKey({ p11, session }: Place): Handle | string {
  try {
    return p11.C_GenerateKey(session, { mechanism: pkcs11js.CKM_AES_KEY_GEN }, WRAPPING_KEY_TEMPLATE);
  } catch (error) {
    if (isOutOfOrder(error)) throw error;
    return rvOf(error) ?? 'failed';
  }
}

function wrapAnswer(place: Place, wrapping: Handle, key: Handle, how: (typeof WRAPPINGS)[number]): string {
  const { name, ...mechanism } = how;
  const out = Buffer.alloc(MAX_WRAPPED_BYTES);
  const { bytes, rv } = answerTo(() => place.p11.C_WrapKey(place.session, mechanism, wrapping, key, out));
  out.fill(0);
  if (bytes.length > 0) throw exportable('wrap', name);
  return rv;
}

function answerTo(call: () => Buffer): { readonly bytes: Buffer; readonly rv: string } {
  try {
    return { bytes: call(), rv: 'empty' };
  } catch (error) {
    if (isOutOfOrder(error)) throw error;
    return { bytes: Buffer.alloc(0), rv: rvOf(error) ?? 'failed' };
  }
}

function exportable(trial: KeyTrial['trial'], by: string): AgentError {
  return new AgentError('ERR_TOKEN_KEY_EXPORTABLE', { trial, by });
}
