/**
 * The scripted human, for tests and CI. A JSON file holds the answer to each question. It is read at each question, so that a test
 * can change an answer. A PIN is in a file of its own. Only `pin()` and `newPin()` read such a file, and only a token host calls
 * these, never the process that talks to pages.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { platform } from '../platform/current.ts';
import { abortedError } from './aborted.ts';
import type { Dialog, DialogSettings } from './dialog.ts';

/** Maximum bytes of the answers' file and of a PIN file. */
const FILE_MAX_BYTES = 16 * 1024;

const answersSchema = v.strictObject({
  /** `ignore`: no answer, until the dialog's timeout. */
  consent: v.picklist(['approve', 'refuse', 'ignore']),
  pinFile: v.pipe(v.string(), v.startsWith('/')),
  pin: v.optional(v.picklist(['give', 'cancel', 'ignore']), 'give'),
  code: v.optional(v.string()),
  /** Label of the token, or serial number of the certificate, to choose among several. */
  choose: v.optional(v.string()),
  /** `wait`: the dialog stays open until the token is there. */
  insert: v.optional(v.picklist(['wait', 'cancel']), 'cancel'),
  lastTry: v.optional(v.picklist(['confirm', 'cancel']), 'cancel'),
  replace: v.optional(v.picklist(['approve', 'refuse']), 'refuse'),
  newPinFile: v.optional(v.pipe(v.string(), v.startsWith('/'))),
});
type Answers = v.InferOutput<typeof answersSchema>;

export function scriptedDialog(settings: DialogSettings, path: string): Dialog {
  process.stderr.write('inkan: a scripted human answers the dialogs: tests only\n');
  const ignore = (signal: AbortSignal): Promise<never> => waitForTimeout(settings.timeoutMs, signal);
  return {
    async consent(_question, signal) {
      const answers = await readAnswers(path, signal);
      return answers.consent === 'ignore' ? ignore(signal) : answers.consent === 'approve';
    },
    async pin(question, signal) {
      const answers = await readAnswers(path, signal);
      if (answers.pin === 'ignore') return ignore(signal);
      // A refused PIN is not given again, because the third refusal would lock the token.
      if (answers.pin === 'cancel' || question.refusedBefore) throw new AgentError('ERR_USER_PIN_CANCELLED');
      return withoutLineEnd(await readOwnFile(answers.pinFile, 'PIN file'));
    },
    async code(_question, signal) {
      const { code } = await readAnswers(path, signal);
      if (code === undefined) throw new AgentError('ERR_USER_CANCELLED');
      return code;
    },
    async chooseToken(question, signal) {
      const { choose } = await readAnswers(path, signal);
      return chosen(question.tokens.findIndex((token) => token.label === choose));
    },
    async chooseCertificate(question, signal) {
      const { choose } = await readAnswers(path, signal);
      return chosen(question.certificates.findIndex(({ serialNumber }) => serialNumber === choose));
    },
    async insertToken(_question, signal) {
      const { insert } = await readAnswers(path, signal);
      if (insert === 'cancel') throw new AgentError('ERR_USER_CANCELLED');
      return ignore(signal);
    },
    lastTry: async (_question, signal) => (await readAnswers(path, signal)).lastTry === 'confirm',
    locked: async () => {},
    reader: async () => () => {},
    async newPin(_question, signal) {
      const { newPinFile } = await readAnswers(path, signal);
      if (newPinFile === undefined) throw new AgentError('ERR_USER_PIN_CANCELLED');
      return withoutLineEnd(await readOwnFile(newPinFile, 'PIN file'));
    },
    replace: async (_question, signal) => (await readAnswers(path, signal)).replace === 'approve',
  };
}

function chosen(index: number): number {
  if (index === -1) throw new AgentError('ERR_USER_CANCELLED');
  return index;
}

async function waitForTimeout(timeoutMs: number, signal: AbortSignal): Promise<never> {
  await sleep(timeoutMs, undefined, { signal }).catch(() => undefined);
  throw signal.aborted ? abortedError(signal) : new AgentError('ERR_USER_TIMEOUT');
}

async function readAnswers(path: string, signal: AbortSignal): Promise<Answers> {
  if (signal.aborted) throw abortedError(signal);
  const bytes = await readOwnFile(path, 'script');
  const answers = v.safeParse(answersSchema, parseJson(bytes));
  if (!answers.success) throw invalid('script', answers.issues[0].message);
  return answers.output;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    // Without the cause, because a parser's message may quote the text.
    throw invalid('script', 'not JSON');
  }
}

/** Reads a regular file of this user that nobody else may read or write. Does not follow a link. */
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
