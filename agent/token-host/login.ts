/**
 * C_Login, only ever with a PIN that a human entered. A PIN that the token accepted is used again within the operation; a
 * refused PIN is never sent again. The flags are read before each question and after each refusal: only they show that a PIN
 * is locked, since OpenSC then answers CKR_PIN_INCORRECT even to the right PIN.
 */
import pkcs11js from 'pkcs11js';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { PinQuestion } from '../dialog/dialog.ts';
import { rvOf } from './ckr.ts';
import { type OpenToken, restart } from './session.ts';
import { type TokenFlags, tokenFlags } from './slots.ts';

/** How often the human may enter a PIN in one operation. The holder of a locked card has to go to the bank. */
const MAX_ENTRIES = 3;

const REFUSALS: ReadonlySet<string | undefined> = new Set([
  'CKR_PIN_INCORRECT',
  'CKR_PIN_INVALID',
  'CKR_PIN_LEN_RANGE',
]);

/** The token was pulled out and put back in between, or a login state outlived its session. */
const ALREADY: ReadonlySet<string | undefined> = new Set([
  'CKR_USER_ALREADY_LOGGED_IN',
  'CKR_USER_ANOTHER_ALREADY_LOGGED_IN',
]);

/** Logs the user in, asking for the PIN unless the token accepted one already. @throws AgentError ERR_TOKEN_PIN_*, ERR_USER_* */
export async function login(token: OpenToken): Promise<void> {
  if (token.loggedIn) return;
  try {
    await logIn(token);
  } catch (error) {
    if (error instanceof AgentError && error.code === 'ERR_TOKEN_PIN_LOCKED') await showLocked(token);
    throw error;
  }
  token.loggedIn = true;
}

async function logIn(token: OpenToken): Promise<void> {
  const flags = pinFlags(token);
  if (flags.pinPad) await loginAtReader(token, pkcs11js.CKU_USER);
  else if (token.pin) await sendPin(token, pkcs11js.CKU_USER, token.pin);
  else if (flags.loginRequired) await askAndLogin(token);
}

/** CKA_ALWAYS_AUTHENTICATE: a login comes between C_SignInit and C_Sign, for every signature (PKCS#11 v2.40 §5.11). */
export async function loginForSignature(token: OpenToken): Promise<void> {
  if (!token.pin) return loginAtReader(token, pkcs11js.CKU_CONTEXT_SPECIFIC);
  await sendPin(token, pkcs11js.CKU_CONTEXT_SPECIFIC, token.pin);
}

/** The binding takes the PIN as a string, which cannot be wiped. The string stays in this process, which ends soon. */
async function sendPin(token: OpenToken, userType: number, pin: Buffer): Promise<void> {
  await token.progress.step('login');
  const send = (): void => token.p11.C_Login(token.session, userType, pin.toString('utf8'));
  try {
    send();
  } catch (error) {
    if (userType !== pkcs11js.CKU_USER || !ALREADY.has(rvOf(error))) throw error;
    // The token has not checked this PIN, since it takes us for logged in already. After a new start, it does.
    await token.progress.step('restart');
    restart(token);
    await token.progress.step('login');
    send();
  }
}

async function askAndLogin(token: OpenToken): Promise<void> {
  let refusedBefore = false;
  let last: AgentError | undefined;
  for (let entry = 1; entry <= MAX_ENTRIES; entry += 1) {
    const pin = await ask(token, refusedBefore);
    refusedBefore = true;
    if (token.refused.some((refused) => refused.equals(pin))) {
      pin.fill(0);
      continue;
    }
    last = await attempt(token, pin);
    if (last === undefined) return;
  }
  throw last ?? new AgentError('ERR_TOKEN_PIN_INCORRECT');
}

/** The token's refusal; `undefined` if it accepted the PIN. */
async function attempt(token: OpenToken, pin: Buffer): Promise<AgentError | undefined> {
  try {
    await sendPin(token, pkcs11js.CKU_USER, pin);
    token.pin = pin;
    return undefined;
  } catch (error) {
    token.refused.push(pin);
    if (!(error instanceof AgentError) || !REFUSALS.has(rvOf(error))) throw error;
    pinFlags(token);
    return error;
  }
}

/** @throws AgentError ERR_USER_PIN_CANCELLED, also if the human does not want to use the last try */
async function ask(token: OpenToken, refusedBefore: boolean): Promise<Buffer> {
  const question = pinQuestion(token, refusedBefore);
  return whileDialogOpen(token, async () => {
    await confirmLastTry(token, question);
    return token.dialog.pin(question, new AbortController().signal);
  });
}

/** A wrong PIN would now lock the card, so the human is asked first whether to go on. */
async function confirmLastTry(token: OpenToken, { tries, token: name }: PinQuestion): Promise<void> {
  if (tries !== 'last') return;
  const { help } = token.context;
  const goesOn = await token.dialog.lastTry({ token: name, ...(help ? { help } : {}) }, new AbortController().signal);
  if (!goesOn) throw new AgentError('ERR_USER_PIN_CANCELLED');
}

export function pinQuestion(token: OpenToken, refusedBefore: boolean): PinQuestion {
  const { purpose, bank, account } = token.context;
  return {
    purpose,
    ...(bank === undefined ? {} : { bank }),
    ...(account === undefined ? {} : { account }),
    token: token.identity,
    tries: triesOf(pinFlags(token)),
    refusedBefore,
  };
}

/** The PIN is typed on the reader (CKF_PROTECTED_AUTHENTICATION_PATH): C_Login blocks as long as the human takes. */
async function loginAtReader(token: OpenToken, userType: number): Promise<void> {
  const question = pinQuestion(token, false);
  await whileDialogOpen(token, async () => {
    await confirmLastTry(token, question);
    const close = await token.dialog.reader(question);
    try {
      // An empty PIN is no PIN: `null-pin.c`.
      token.p11.C_Login(token.session, userType, '');
    } finally {
      close();
    }
  });
}

export async function whileDialogOpen<T>({ progress }: OpenToken, work: () => Promise<T>): Promise<T> {
  await progress.dialog(true);
  try {
    return await work();
  } finally {
    await progress.dialog(false);
  }
}

function triesOf({ pinFinalTry, pinCountLow }: TokenFlags): PinQuestion['tries'] {
  if (pinFinalTry) return 'last';
  return pinCountLow ? 'few' : 'unknown';
}

/** Found without a call of C_Login. @throws AgentError ERR_TOKEN_PIN_LOCKED, ERR_TOKEN_PIN_NOT_SET */
export function pinFlags(token: OpenToken): TokenFlags {
  const flags = tokenFlags(token.p11, token.slot);
  if (flags.pinLocked) throw new AgentError('ERR_TOKEN_PIN_LOCKED');
  if (!flags.userPinInitialized) throw new AgentError('ERR_TOKEN_PIN_NOT_SET');
  return flags;
}

/** A dialog of its own, since the bank's profile says whom to call; the text of an error could only say "your bank". */
async function showLocked(token: OpenToken): Promise<void> {
  const { help } = token.context;
  const notice = { token: token.identity, ...(help ? { help } : {}) };
  // The PIN is locked whether this dialog can be shown or not.
  const show = () => token.dialog.locked(notice, new AbortController().signal).catch(() => undefined);
  await whileDialogOpen(token, show);
}
