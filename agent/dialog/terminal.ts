/** Dialogs on the controlling terminal, also if standard input and output are redirected. Secrets are typed without echo. */

import { randomInt } from 'node:crypto';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Language } from '../../web-bridge/protocol/languages.ts';
import { abortedError } from './aborted.ts';
import type { Dialog, DialogSettings } from './dialog.ts';
import { closeTerminal, openTerminal, readLine } from './terminal-line.ts';
import { typedCode } from './text.ts';
import { type Medium, tokenQuestions } from './token-questions.ts';
import {
  certificateList,
  codeWording,
  consentWording,
  pinWarnings,
  pinWording,
  type Title,
  titleOf,
  tokenList,
} from './wording.ts';
import { say } from './words.ts';

/** Maximum characters of each untrusted text. */
const BOUND = 128;

type Prompt = {
  readonly lines: readonly string[];
  readonly prompt: string;
  readonly echo: boolean;
  readonly reply?: (typed: Buffer | undefined) => string;
  readonly onShown?: () => void;
};

export function terminalDialog(settings: DialogSettings): Dialog {
  const { language } = settings;
  const ask = (prompt: Prompt, signal: AbortSignal): Promise<Buffer | undefined> =>
    askTerminal(settings, prompt, signal);
  const askUntilFilled = async (prompt: Prompt, empty: string, signal: AbortSignal) => {
    for (let lines = prompt.lines; ; lines = [empty]) {
      const typed = await ask({ ...prompt, lines }, signal);
      if (typed === undefined || typed.length > 0) return typed;
    }
  };
  const chooseByNumber = async (body: readonly string[], count: number, signal: AbortSignal): Promise<number> => {
    const lines = [...body, say(language, 'terminal.choose')];
    for (;;) {
      const typed = await ask({ lines, prompt: say(language, 'terminal.answer'), echo: true }, signal);
      if (typed === undefined) throw new AgentError('ERR_USER_CANCELLED');
      const number = Number(typedCode(typed));
      if (Number.isInteger(number) && number >= 1 && number <= count) return number - 1;
    }
  };
  const confirm = async (
    body: readonly string[],
    sentence: (number: string) => string,
    signal: AbortSignal,
  ): Promise<boolean> => {
    // Each question has a new number, so that no answer becomes a habit and text typed ahead does not approve.
    const number = String(randomInt(1000, 10_000));
    const approves = (typed: Buffer | undefined): boolean => typed !== undefined && typedCode(typed) === number;
    const reply = (typed: Buffer | undefined): string =>
      say(language, approves(typed) ? 'terminal.approved' : 'terminal.refused');
    const lines = [...body, sentence(number)];
    return approves(await ask({ lines, prompt: say(language, 'terminal.answer'), echo: true, reply }, signal));
  };
  const medium: Medium = {
    confirm: (title, wording, _approve, signal) =>
      confirm(
        heading(language, title, wording(BOUND)),
        (number) => say(language, 'terminal.confirm', { number }),
        signal,
      ),
    async message(title, wording, button, signal, onShown) {
      const lines = heading(language, title, wording(BOUND));
      const prompt = say(language, button === 'cancel' ? 'terminal.wait' : 'terminal.close');
      for (;;) {
        const typed = await ask({ lines, prompt, echo: false, ...(onShown ? { onShown } : {}) }, signal);
        // While waiting for a token, Enter does nothing and Ctrl-C cancels.
        if (typed === undefined || button === 'close') return;
      }
    },
    secret: (title, wording, warnings, signal) =>
      askUntilFilled(
        {
          lines: [
            ...heading(language, title, wording(BOUND)),
            ...warnings.map((warning) => `! ${warning}`),
            say(language, 'terminal.hidden'),
          ],
          prompt: say(language, 'newPin.prompt'),
          echo: false,
        },
        say(language, 'pin.empty'),
        signal,
      ),
  };
  return {
    ...tokenQuestions(language, medium),
    consent: (question, signal) =>
      confirm(
        heading(language, 'consent', consentWording(language, question)(BOUND)),
        (number) => say(language, `terminal.consent.${question.purpose}`, { number }),
        signal,
      ),
    async pin(question, signal) {
      const lines = [
        ...heading(language, 'pin', pinWording(language, question)(BOUND)),
        ...pinWarnings(language, question).map((warning) => `! ${warning}`),
        say(language, 'terminal.hidden'),
      ];
      const prompt = { lines, prompt: say(language, 'pin.prompt'), echo: false };
      const typed = await askUntilFilled(prompt, say(language, 'pin.empty'), signal);
      if (typed === undefined) throw new AgentError('ERR_USER_PIN_CANCELLED');
      return typed;
    },
    async code(question, signal) {
      const lines = [
        ...heading(language, 'code', codeWording(language, question)(BOUND)),
        say(language, 'terminal.hidden'),
      ];
      const prompt = { lines, prompt: say(language, 'code.prompt'), echo: false };
      const typed = await askUntilFilled(prompt, say(language, 'code.empty'), signal);
      if (typed === undefined) throw new AgentError('ERR_USER_CANCELLED');
      return typedCode(typed);
    },
    chooseToken(question, signal) {
      const body = heading(language, 'choose', tokenList(language, question)(BOUND));
      return chooseByNumber(body, question.tokens.length, signal);
    },
    chooseCertificate(question, signal) {
      const body = heading(language, 'certificate', certificateList(language, question)(BOUND));
      return chooseByNumber(body, question.certificates.length, signal);
    },
  };
}

function heading(language: Language, question: Title, body: string): string[] {
  return ['', `=== ${titleOf(language, question)} ===`, '', body, ''];
}

/** The bytes that were typed before Enter; `undefined` after Ctrl-C, Ctrl-D or the end of input. */
async function askTerminal(settings: DialogSettings, prompt: Prompt, signal: AbortSignal): Promise<Buffer | undefined> {
  if (signal.aborted) throw abortedError(signal);
  const terminal = openTerminal();
  try {
    terminal.output.write(`${prompt.lines.join('\n')}\n${prompt.prompt}: `);
    prompt.onShown?.();
    const typed = await readLine(terminal, prompt.echo, settings.timeoutMs, signal);
    if (prompt.reply) terminal.output.write(`\n${prompt.reply(typed)}`);
    return typed;
  } catch (error) {
    if (error instanceof AgentError && error.code === 'ERR_USER_TIMEOUT') {
      terminal.output.write(`\n${say(settings.language, 'terminal.timeout')}`);
    }
    throw error;
  } finally {
    terminal.output.write('\n');
    closeTerminal(terminal);
  }
}
