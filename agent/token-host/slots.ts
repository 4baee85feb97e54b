/** Slots and the tokens in them, as the module shows them before a login. */
import pkcs11js, { type Handle, type TokenInfo } from 'pkcs11js';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { KEY_TYPES, type KeyType } from '../../web-bridge/protocol/order.ts';
import { KEY_TYPE } from '../../web-bridge/x509/key-types.ts';
import type { HostToken, HostTokenDescription, PartialFailure } from '../token/host-protocol.ts';
import { rvOf } from './ckr.ts';
import type { Cryptoki } from './cryptoki.ts';
import type { LoadedModule } from './module.ts';

/** No computer has more slots. A hostile module may claim more. */
const MAX_SLOTS = 64;

const FLAGS = {
  userPinInitialized: pkcs11js.CKF_USER_PIN_INITIALIZED,
  writeProtected: pkcs11js.CKF_WRITE_PROTECTED,
  pinCountLow: pkcs11js.CKF_USER_PIN_COUNT_LOW,
  pinFinalTry: pkcs11js.CKF_USER_PIN_FINAL_TRY,
  pinLocked: pkcs11js.CKF_USER_PIN_LOCKED,
  pinPad: pkcs11js.CKF_PROTECTED_AUTHENTICATION_PATH,
  loginRequired: pkcs11js.CKF_LOGIN_REQUIRED,
} as const;
export type TokenFlags = Readonly<Record<keyof typeof FLAGS, boolean>>;

export type SlotFound<T = HostTokenDescription> = { readonly slot: Handle; readonly token: T };

/** The standard pads with blanks; some modules end with NUL. Compiling a regular expression would take as long as a slot. */
function trimmed(text: string): string {
  const end = text.trimEnd();
  return end.endsWith('\0') ? trimmed(end.slice(0, -1)) : end;
}

export function tokenFlags(p11: Cryptoki, slot: Handle): TokenFlags {
  return flagsOf(p11.C_GetTokenInfo(slot));
}

function flagsOf(info: TokenInfo): TokenFlags {
  return Object.fromEntries(Object.entries(FLAGS).map(([name, bit]) => [name, isSet(info, bit)])) as TokenFlags;
}

/** By division: `&` sees only 32 bits, signed. */
function isSet({ flags }: TokenInfo, bit: number): boolean {
  return Math.floor(flags / bit) % 2 === 1;
}

export function listTokens(module: LoadedModule): { found: SlotFound[]; failures: PartialFailure[] } {
  return eachToken(module, (slot, info) => describe(module, slot, info));
}

/** An error concerns one slot only: a broken reader must not hide the others. */
function eachToken<T>(
  { p11 }: LoadedModule,
  read: (slot: Handle, info: TokenInfo) => T,
): { found: SlotFound<T>[]; failures: PartialFailure[] } {
  const found: SlotFound<T>[] = [];
  const failures: PartialFailure[] = [];
  for (const slot of p11.C_GetSlotList(true).slice(0, MAX_SLOTS)) {
    try {
      const info = p11.C_GetTokenInfo(slot);
      // SoftHSM always shows one slot more, uninitialized.
      if (isSet(info, pkcs11js.CKF_TOKEN_INITIALIZED)) found.push({ slot, token: read(slot, info) });
    } catch (error) {
      failures.push(partialFailureOf(`slot ${slot.toString('hex')}`, error));
    }
  }
  return { found, failures };
}

export function partialFailureOf(what: string, error: unknown): PartialFailure {
  const fn = error instanceof AgentError ? error.details['fn'] : undefined;
  return { what, rv: rvOf(error) ?? 'none', fn: typeof fn === 'string' ? fn : 'none' };
}

function describe({ p11, path }: LoadedModule, slot: Handle, info: TokenInfo): HostTokenDescription {
  const { loginRequired: _, ...flags } = flagsOf(info);
  return {
    module: path,
    label: trimmed(info.label),
    serialNumber: trimmed(info.serialNumber),
    manufacturer: trimmed(info.manufacturerID),
    model: trimmed(info.model),
    slotDescription: placeOf(p11, slot),
    ...flags,
    keyTypes: keyTypesOf(p11, slot),
  };
}

/** C_GetTokenInfo alone is enough to recognize a token, so this takes one call a slot. */
function isNamed(info: TokenInfo, { label, serialNumber, manufacturer, model }: HostToken): boolean {
  return (
    trimmed(info.label) === label &&
    trimmed(info.serialNumber) === serialNumber &&
    trimmed(info.manufacturerID) === manufacturer &&
    trimmed(info.model) === model
  );
}

function placeOf(p11: Cryptoki, slot: Handle): string {
  return trimmed(p11.C_GetSlotInfo(slot).slotDescription);
}

/** The key types that the token can generate and sign with. A module that cannot generate keys has none. */
export function keyTypesOf(p11: Cryptoki, slot: Handle): KeyType[] {
  const offered = new Set(p11.C_GetMechanismList(slot));
  const can = (mechanism: number, bits: number): boolean => {
    if (!offered.has(mechanism)) return false;
    const { minKeySize, maxKeySize } = p11.C_GetMechanismInfo(slot, mechanism);
    // Some modules give 0 for "unknown".
    return maxKeySize === 0 || (minKeySize <= bits && bits <= maxKeySize);
  };
  return KEY_TYPES.filter((type) => {
    const { bits, pkcs11 } = KEY_TYPE[type];
    return can(pkcs11.generation, bits) && (can(pkcs11.hashing, bits) || can(pkcs11.bare, bits));
  });
}

/**
 * Many cards have the serial number "0000", and a reader's name changes with the port it is in. So the slot's description
 * decides only between tokens that are otherwise alike.
 * @throws AgentError ERR_TOKEN_MISSING, ERR_TOKEN_AMBIGUOUS
 */
export function findSlot(module: LoadedModule, wanted: HostToken): Handle {
  const { found, failures } = eachToken(module, (_, info) => info);
  const alike = found.filter(({ token }) => isNamed(token, wanted));
  const candidates =
    alike.length > 1 ? alike.filter(({ slot }) => placeOf(module.p11, slot) === wanted.slotDescription) : alike;
  const [only] = candidates;
  if (alike.length === 0 || !only)
    throw new AgentError('ERR_TOKEN_MISSING', { label: wanted.label, ...whyNotSeen(failures) });
  if (candidates.length > 1) throw new AgentError('ERR_TOKEN_AMBIGUOUS', { label: wanted.label });
  return only.slot;
}

/** The token may be in the slot that could not be read. */
function whyNotSeen([failure]: readonly PartialFailure[]): { readonly rv?: string; readonly fn?: string } {
  return failure ? { rv: failure.rv, fn: failure.fn } : {};
}
