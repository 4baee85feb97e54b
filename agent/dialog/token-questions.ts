/** The questions about a token. They are the same for every medium that can ask for a confirmation, a secret, or show a message. */

import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Language } from '../../web-bridge/protocol/languages.ts';
import type { Dialog, NewPinQuestion } from './dialog.ts';
import {
  insertWording,
  lastTryWording,
  lockedWording,
  newPinWording,
  readerWording,
  replaceWording,
} from './token-wording.ts';
import { pinWarnings, type Title, type Wording } from './wording.ts';
import { say } from './words.ts';

export type Medium = {
  /** True only if the human chose the approving button. */
  readonly confirm: (title: Title, wording: Wording, approve: string, signal: AbortSignal) => Promise<boolean>;
  /** Resolves when the human closes it. Calls `onShown` once it is visible; the process may block from then on. */
  readonly message: (
    title: Title,
    wording: Wording,
    button: 'cancel' | 'close',
    signal: AbortSignal,
    onShown?: () => void,
  ) => Promise<void>;
  /** `undefined`: the human cancelled. Never empty. */
  readonly secret: (
    title: 'newPin',
    wording: Wording,
    warnings: string[],
    signal: AbortSignal,
  ) => Promise<Buffer | undefined>;
};

type TokenQuestions = Pick<Dialog, 'insertToken' | 'lastTry' | 'locked' | 'reader' | 'newPin' | 'replace'>;

export function tokenQuestions(language: Language, { confirm, message, secret }: Medium): TokenQuestions {
  return {
    async insertToken(question, signal) {
      await message('insert', insertWording(language, question), 'cancel', signal);
      throw new AgentError('ERR_USER_CANCELLED');
    },
    lastTry: (question, signal) =>
      confirm('lastTry', lastTryWording(language, question), say(language, 'lastTry.approve'), signal),
    locked: (notice, signal) => message('locked', lockedWording(language, notice), 'close', signal),
    async reader(question) {
      const closing = new AbortController();
      const wording = readerWording(language, question, pinWarnings(language, question));
      await new Promise<void>((shown, failed) => {
        // The human may close it as well. Only the reader's result counts.
        message('reader', wording, 'close', closing.signal, shown).then(shown, failed);
      });
      return () => closing.abort();
    },
    newPin: (question, signal) => newPin(language, secret, question, signal),
    replace: (question, signal) =>
      confirm('replace', replaceWording(language, question), say(language, 'replace.approve'), signal),
  };
}

async function newPin(
  language: Language,
  secret: Medium['secret'],
  question: NewPinQuestion,
  signal: AbortSignal,
): Promise<Buffer> {
  const wording = newPinWording(language, question);
  const again = (): string => say(language, 'newPin.again');
  for (let warnings: string[] = []; ; warnings = [say(language, 'newPin.differs')]) {
    const first = await secret('newPin', wording, warnings, signal);
    const second = first && (await secret('newPin', again, [], signal));
    if (first && second?.equals(first)) return first;
    first?.fill(0);
    second?.fill(0);
    if (!first || !second) throw new AgentError('ERR_USER_PIN_CANCELLED');
  }
}
