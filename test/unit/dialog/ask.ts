/**
 * Asks one question by `openDialog` and writes the outcome into a file: a process of its own, for tests that need
 * another terminal or that kill it. Arguments: question, timeout in ms, file. The PIN is given as hexadecimal.
 * INKAN_TEST_STALL_MS: how long this process stands still after whatever it shows on a terminal.
 */
import { writeFileSync } from 'node:fs';
import { WriteStream } from 'node:tty';
import { openDialog } from '../../../agent/dialog/open.ts';
import { asAgentError } from '../../../web-bridge/protocol/errors.ts';
import {
  certificateQuestion,
  codeQuestion,
  consentQuestion,
  insertQuestion,
  lastTryQuestion,
  loginQuestion,
  newPinQuestion,
  pinQuestion,
  removalQuestion,
  tokenQuestion,
} from './questions.ts';

const [question = '', timeoutMs, file = ''] = process.argv.slice(2);
const dialog = openDialog({ language: 'ja', timeoutMs: Number(timeoutMs) }, process.env);
const never = new AbortController().signal;
const questions: Readonly<Record<string, () => Promise<unknown>>> = {
  consent: () => dialog.consent(consentQuestion, never),
  pin: async () => (await dialog.pin({ ...pinQuestion, tries: 'last' }, never)).toString('hex'),
  code: () => dialog.code(codeQuestion, never),
  login: () => dialog.consent(loginQuestion, never),
  removal: () => dialog.consent(removalQuestion, never),
  certificate: () => dialog.chooseCertificate(certificateQuestion, never),
  insert: () => dialog.insertToken(insertQuestion, never),
  lastTry: () => dialog.lastTry(lastTryQuestion, never),
  newPin: async () => (await dialog.newPin(newPinQuestion, never)).toString(),
  choose: () => dialog.chooseToken(tokenQuestion, never),
};

const stallMs = Number(process.env['INKAN_TEST_STALL_MS'] ?? 0);
if (stallMs > 0) {
  const { prototype } = WriteStream;
  prototype.write = new Proxy(Reflect.get(prototype, 'write'), {
    apply(write, stream, given) {
      const accepted: unknown = Reflect.apply(write, stream, given);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stallMs);
      return accepted;
    },
  });
}

// As `serve` does while a question stands in the same terminal.
const log = setInterval(() => process.stderr.write('log line\n'), 40);
const outcome = await questions[question]?.().catch((error: unknown) => asAgentError(error).code);
clearInterval(log);
writeFileSync(file, JSON.stringify(outcome));
