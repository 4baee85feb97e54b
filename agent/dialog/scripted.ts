/**
 * The human of tests and CI. A JSON file says how each question is answered; it is read anew every time, so that a test
 * can change its mind. The PIN stands in a file of its own, and only `pin()` opens that: it is called in the token host
 * and never in the process that talks to the web.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { platform } from '../platform/current.ts';
import { abortedError } from './aborted.ts';
import type { Dialog, DialogSettings } from './dialog.ts';

/** Bytes of a script or a PIN file; more is a mistake. */
const FILE_MAX_BYTES = 16 * 1024;

const scriptSchema = v.strictObject({
  /** `ignore`: the human never comes, and the dialog ends by its timeout. */
  consent: v.picklist(['approve', 'refuse', 'ignore']),
  pinFile: v.pipe(v.string(), v.startsWith('/')),
  pin: v.optional(v.picklist(['give', 'cancel', 'ignore']), 'give'),
  code: v.optional(v.string()),
  /** Label of the token, or serial number of the certificate, that is chosen where there are several. */
  choose: v.optional(v.string()),
  /** `wait`: until the token is there. */
  insert: v.optional(v.picklist(['wait', 'cancel']), 'cancel'),
  lastTry: v.optional(v.picklist(['confirm', 'cancel']), 'cancel'),
  replace: v.optional(v.picklist(['approve', 'refuse']), 'refuse'),
  newPinFile: v.optional(v.pipe(v.string(), v.startsWith('/'))),
});
type Script = v.InferOutput<typeof scriptSchema>;

export function scriptedDialog(settings: DialogSettings, path: string): Dialog {
  process.stderr.write('inkan: a scripted human answers the dialogs: tests only\n');
  const leaveAlone = (signal: AbortSignal): Promise<never> => waitInVain(settings.timeoutMs, signal);
  return {
    async consent(_question, signal) {
      const script = await readScript(path, signal);
      return script.consent === 'ignore' ? leaveAlone(signal) : script.consent === 'approve';
    },
    async pin(question, signal) {
      const script = await readScript(path, signal);
      if (script.pin === 'ignore') return leaveAlone(signal);
      // A PIN that was refused is never given again: the third time would lock the token.
      if (script.pin === 'cancel' || question.refusedBefore) throw new AgentError('ERR_USER_PIN_CANCELLED');
      return withoutLineEnd(await readOwnFile(script.pinFile, 'PIN file'));
    },
    async code(_question, signal) {
      const { code } = await readScript(path, signal);
      if (code === undefined) throw new AgentError('ERR_USER_CANCELLED');
      return code;
    },
    async chooseToken(question, signal) {
      const { choose } = await readScript(path, signal);
      return chosen(question.tokens.findIndex((token) => token.label === choose));
    },
    async chooseCertificate(question, signal) {
      const { choose } = await readScript(path, signal);
      return chosen(question.certificates.findIndex(({ serialNumber }) => serialNumber === choose));
    },
    async insertToken(_question, signal) {
      const { insert } = await readScript(path, signal);
      if (insert === 'cancel') throw new AgentError('ERR_USER_CANCELLED');
      return leaveAlone(signal);
    },
    lastTry: async (_question, signal) => (await readScript(path, signal)).lastTry === 'confirm',
    locked: async () => {},
    reader: async () => () => {},
    async newPin(_question, signal) {
      const { newPinFile } = await readScript(path, signal);
      if (newPinFile === undefined) throw new AgentError('ERR_USER_PIN_CANCELLED');
      return withoutLineEnd(await readOwnFile(newPinFile, 'PIN file'));
    },
    replace: async (_question, signal) => (await readScript(path, signal)).replace === 'approve',
  };
}

function chosen(index: number): number {
  if (index === -1) throw new AgentError('ERR_USER_CANCELLED');
  return index;
}

async function waitInVain(timeoutMs: number, signal: AbortSignal): Promise<never> {
  await sleep(timeoutMs, undefined, { signal }).catch(() => undefined);
  throw signal.aborted ? abortedError(signal) : new AgentError('ERR_USER_TIMEOUT');
}

async function readScript(path: string, signal: AbortSignal): Promise<Script> {
  if (signal.aborted) throw abortedError(signal);
  const bytes = await readOwnFile(path, 'script');
  const script = v.safeParse(scriptSchema, parseJson(bytes));
  if (!script.success) throw invalid('script', script.issues[0].message);
  return script.output;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    // Without its cause: a parser's message may quote the text.
    throw invalid('script', 'not JSON');
  }
}

/** Reads a regular file that is ours and that nobody else may read, write or swap for a link. */
async function readOwnFile(path: string, what: string): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error) => {
    throw invalid(what, 'cannot be opened', error);
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw invalid(what, 'not a file');
    const flaw = platform.privacyFlaw(stat);
    if (flaw) throw invalid(what, flaw);
    if (stat.size > FILE_MAX_BYTES) throw invalid(what, 'too large');
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function invalid(what: string, problem: string, cause?: unknown): AgentError {
  return new AgentError('ERR_INTERNAL_CONFIG_INVALID', { what: `scripted human: ${what}`, problem }, cause);
}

function withoutLineEnd(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end -= 1;
  const text = Buffer.from(bytes.subarray(0, end));
  bytes.fill(0);
  return text;
}
