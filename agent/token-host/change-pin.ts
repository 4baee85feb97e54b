/** C_SetPIN (PKCS#11 v2.40 §5.6). As at a login, only a PIN that a human entered is sent, and a refused one never again. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { rvOf } from './ckr.ts';
import { login, pinFlags, pinQuestion, whileDialogOpen } from './login.ts';
import { type OpenToken, wipePins } from './session.ts';

/** How often the human may enter a new PIN that the token finds too short, too long or too simple. */
const MAX_ENTRIES = 3;
const UNFIT: ReadonlySet<string | undefined> = new Set(['CKR_PIN_LEN_RANGE', 'CKR_PIN_INVALID']);

/** @throws AgentError ERR_TOKEN_PIN_*, ERR_USER_PIN_CANCELLED: the old PIN is then still the PIN */
export async function changePin(token: OpenToken): Promise<void> {
  if (pinFlags(token).pinPad) await changeAtReader(token);
  else await changeHere(token);
  wipePins(token);
}

/** NULL_PTR for both PINs (`null-pin.c`): the reader itself asks for the old one, and twice for the new one. */
async function changeAtReader(token: OpenToken): Promise<void> {
  await whileDialogOpen(token, async () => {
    const close = await token.dialog.reader(pinQuestion(token, false));
    try {
      token.p11.C_SetPIN(token.session, '', '');
    } finally {
      close();
    }
  });
}

async function changeHere(token: OpenToken): Promise<void> {
  await login(token);
  const { pin } = token;
  if (!pin) throw new AgentError('ERR_TOKEN_PIN_NOT_SET');
  let unfit: unknown;
  for (let entry = 1; entry <= MAX_ENTRIES; entry += 1) {
    const fresh = await askNewPin(token);
    try {
      await token.progress.step('write');
      return token.p11.C_SetPIN(token.session, pin.toString('utf8'), fresh.toString('utf8'));
    } catch (error) {
      if (!UNFIT.has(rvOf(error))) throw error;
      unfit = error;
    } finally {
      fresh.fill(0);
    }
  }
  throw unfit;
}

function askNewPin(token: OpenToken): Promise<Buffer> {
  const { minPinLen, maxPinLen } = token.p11.C_GetTokenInfo(token.slot);
  // Numbers or BigInts, by version of the binding.
  const [least = 0, most = 0] = [minPinLen, maxPinLen].map(Number);
  const question = { token: token.identity, least, most };
  return whileDialogOpen(token, () => token.dialog.newPin(question, new AbortController().signal));
}
