/** One token open in this process: its session, its login state, and the PIN as long as the operation needs it. */
import pkcs11js, { type Handle } from 'pkcs11js';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Dialog } from '../dialog/dialog.ts';
import type { HostPinContext, HostStep, HostToken } from '../token/host-protocol.ts';
import { isOutOfOrder } from './ckr.ts';
import type { Cryptoki } from './cryptoki.ts';
import { finalize, initialize, type LoadedModule } from './module.ts';
import { type Quirk, readQuirks } from './quirks.ts';
import { findSlot } from './slots.ts';

/** Tells the agent where an operation stands, since the agent holds the deadlines. */
export type ProgressReporter = {
  readonly step: (step: HostStep) => Promise<void>;
  readonly dialog: (open: boolean) => Promise<void>;
};

/** Slot and session change when the module is started anew; login state and PINs change at a login. */
export type OpenToken = {
  readonly module: LoadedModule;
  readonly p11: Cryptoki;
  readonly identity: HostToken;
  readonly quirks: ReadonlySet<Quirk>;
  readonly context: HostPinContext;
  readonly dialog: Dialog;
  readonly progress: ProgressReporter;
  slot: Handle;
  session: Handle;
  loggedIn: boolean;
  /** The PIN that the token accepted. `wipePins` overwrites it. */
  pin: Buffer | undefined;
  /** PINs that the token refused in this process. They are never sent again. `wipePins` overwrites them. */
  refused: Buffer[];
};

const READ_WRITE = pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION;

/** @throws AgentError ERR_TOKEN_MISSING, ERR_TOKEN_AMBIGUOUS */
export async function openToken(
  module: LoadedModule,
  identity: HostToken,
  context: HostPinContext,
  dialog: Dialog,
  progress: ProgressReporter,
): Promise<OpenToken> {
  const slot = findSlot(module, identity);
  const library = module.p11.C_GetInfo();
  const quirks = await readQuirks(`${library.manufacturerID} ${library.libraryDescription}`, identity.manufacturer);
  const session = module.p11.C_OpenSession(slot, READ_WRITE);
  const { p11 } = module;
  return {
    module,
    p11,
    identity,
    quirks,
    context,
    dialog,
    progress,
    slot,
    session,
    loggedIn: false,
    pin: undefined,
    refused: [],
  };
}

/**
 * Starts the module anew and opens the token again; nobody is logged in afterwards. No other way shows what truly lies on
 * the token: GIDS cards show another CKA_ID to the next process, and OpenSC keeps keys usable after C_Logout.
 */
export function restart(token: OpenToken): void {
  finalize(token.module, [token.slot]);
  initialize(token.module);
  token.loggedIn = false;
  token.slot = slotAgain(token);
  token.session = token.p11.C_OpenSession(token.slot, READ_WRITE);
}

/** The token was there a moment ago. If it is not found now, it was pulled out, or its slot fails. */
function slotAgain({ module, identity }: OpenToken): Handle {
  try {
    return findSlot(module, identity);
  } catch (error) {
    if (!(error instanceof AgentError) || error.code !== 'ERR_TOKEN_MISSING') throw error;
    const { rv, fn } = error.details;
    const gone = rv === undefined || fn === undefined || PULLED.has(rv);
    throw gone ? new AgentError('ERR_TOKEN_REMOVED', {}, error) : new AgentError('ERR_TOKEN_FAILED', { rv, fn }, error);
  }
}

const PULLED: ReadonlySet<unknown> = new Set(['CKR_TOKEN_NOT_PRESENT', 'CKR_DEVICE_REMOVED']);

/** After a token was pulled out, an operation may fail with any code (CKR_GENERAL_ERROR). The slot's answer is reliable. */
export function wasPulled({ p11, slot }: OpenToken): boolean {
  try {
    p11.C_GetTokenInfo(slot);
    return false;
  } catch (error) {
    return isOutOfOrder(error);
  }
}

export function wipePins(token: OpenToken): void {
  token.pin?.fill(0);
  for (const pin of token.refused) pin.fill(0);
  token.pin = undefined;
  token.refused = [];
}
