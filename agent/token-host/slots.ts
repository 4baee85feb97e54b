/** Slots and the tokens in them, as the module tells them before anybody logs in. */
import pkcs11js, { type Handle } from 'pkcs11js';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { KEY_TYPES, type KeyType } from '../../web-bridge/protocol/order.ts';
import type { HostToken, HostTokenDescription, Mishap } from '../token/host-protocol.ts';
import { rvOf } from './ckr.ts';
import type { Cryptoki } from './cryptoki.ts';
import { KEY_ROWS, type KeyRow } from './key-types.ts';
import type { LoadedModule } from './module.ts';

/** More slots than any desk has; a hostile module may claim more. */
const MAX_SLOTS = 64;

const FLAGS = {
  initialized: pkcs11js.CKF_TOKEN_INITIALIZED,
  userPinInitialized: pkcs11js.CKF_USER_PIN_INITIALIZED,
  writeProtected: pkcs11js.CKF_WRITE_PROTECTED,
  pinCountLow: pkcs11js.CKF_USER_PIN_COUNT_LOW,
  pinFinalTry: pkcs11js.CKF_USER_PIN_FINAL_TRY,
  pinLocked: pkcs11js.CKF_USER_PIN_LOCKED,
  pinPad: pkcs11js.CKF_PROTECTED_AUTHENTICATION_PATH,
  loginRequired: pkcs11js.CKF_LOGIN_REQUIRED,
} as const;
export type TokenFlags = Readonly<Record<keyof typeof FLAGS, boolean>>;

export type SlotFound = { readonly slot: Handle; readonly token: HostTokenDescription };

/** Blank-padded by the standard, NUL-terminated by some. */
const trimmed = (text: string): string => text.replace(/[\0\s]+$/, '');

export function tokenFlags(p11: Cryptoki, slot: Handle): TokenFlags {
  const { flags } = p11.C_GetTokenInfo(slot);
  // Division, not `&`: JavaScript's bit operators see 32 bits, signed.
  const set = (bit: number): boolean => Math.floor(flags / bit) % 2 === 1;
  return Object.fromEntries(Object.entries(FLAGS).map(([name, bit]) => [name, set(bit)])) as TokenFlags;
}

/** Errors are caught slot by slot: a broken reader must not hide the others. */
export function listTokens(module: LoadedModule): { found: SlotFound[]; mishaps: Mishap[] } {
  const found: SlotFound[] = [];
  const mishaps: Mishap[] = [];
  for (const slot of module.p11.C_GetSlotList(true).slice(0, MAX_SLOTS)) {
    try {
      // SoftHSM always shows one slot more, uninitialized.
      if (tokenFlags(module.p11, slot).initialized) found.push({ slot, token: describe(module, slot) });
    } catch (error) {
      mishaps.push(mishapOf(`slot ${slot.toString('hex')}`, error));
    }
  }
  return { found, mishaps };
}

export function mishapOf(what: string, error: unknown): Mishap {
  const fn = error instanceof AgentError ? error.details['fn'] : undefined;
  return { what, rv: rvOf(error) ?? 'none', fn: typeof fn === 'string' ? fn : 'none' };
}

function describe({ p11, path }: LoadedModule, slot: Handle): HostTokenDescription {
  const info = p11.C_GetTokenInfo(slot);
  const { loginRequired: _, ...flags } = tokenFlags(p11, slot);
  return {
    module: path,
    label: trimmed(info.label),
    serialNumber: trimmed(info.serialNumber),
    manufacturer: trimmed(info.manufacturerID),
    model: trimmed(info.model),
    slotDescription: trimmed(p11.C_GetSlotInfo(slot).slotDescription),
    ...flags,
    keyTypes: keyTypesOf(p11, slot),
  };
}

/** Key types that the token can generate and sign with; a module without key generation has none. */
export function keyTypesOf(p11: Cryptoki, slot: Handle): KeyType[] {
  const offered = new Set(p11.C_GetMechanismList(slot));
  const can = (mechanism: number, { bits }: KeyRow): boolean => {
    if (!offered.has(mechanism)) return false;
    const { minKeySize, maxKeySize } = p11.C_GetMechanismInfo(slot, mechanism);
    // Some modules say 0 for "not said".
    return maxKeySize === 0 || (minKeySize <= bits && bits <= maxKeySize);
  };
  return KEY_TYPES.filter((type) => {
    const row = KEY_ROWS[type];
    return can(row.generation, row) && (can(row.hashing, row) || can(row.bare, row));
  });
}

/**
 * Many cards share the serial number "0000" and a reader's name changes with its plug, so the slot's description only
 * decides between tokens that are otherwise alike.
 * @throws AgentError ERR_TOKEN_MISSING, ERR_TOKEN_AMBIGUOUS
 */
export function findSlot(module: LoadedModule, wanted: HostToken): SlotFound {
  const { found, mishaps } = listTokens(module);
  const alike = found.filter(({ token }) =>
    (['label', 'serialNumber', 'manufacturer', 'model'] as const).every((name) => token[name] === wanted[name]),
  );
  const candidates =
    alike.length > 1 ? alike.filter(({ token }) => token.slotDescription === wanted.slotDescription) : alike;
  const [only] = candidates;
  if (alike.length === 0 || !only)
    throw new AgentError('ERR_TOKEN_MISSING', { label: wanted.label, ...whyNotSeen(mishaps) });
  if (candidates.length > 1) throw new AgentError('ERR_TOKEN_AMBIGUOUS', { label: wanted.label });
  return only;
}

/** It may be in the slot that could not be read. */
function whyNotSeen([mishap]: readonly Mishap[]): { readonly rv?: string; readonly fn?: string } {
  return mishap ? { rv: mishap.rv, fn: mishap.fn } : {};
}
