/** Dialogs on a desktop, by pinentry: a program for asking secrets, which grabs the keyboard while it asks. */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Language } from '../../web-bridge/protocol/languages.ts';
import { platform } from '../platform/current.ts';
import { abortedError } from './aborted.ts';
import { ASSUAN_LINE_MAX, type AssuanConnection, connectAssuan, escapeAssuan } from './assuan.ts';
import type { Dialog, DialogSettings } from './dialog.ts';
import { typedCode } from './text.ts';
import { type Medium, tokenQuestions } from './token-questions.ts';
import {
  certificateWording,
  codeWording,
  consentWording,
  pinWarnings,
  pinWording,
  type Title,
  titleOf,
  tokenWording,
  type Wording,
} from './wording.ts';
import { say } from './words.ts';

/** Error codes of libgpg-error in pinentry's answers. Any other code means that pinentry could not ask. */
const TIMED_OUT = 62;
const CANCELLED = 99;
const NOT_CONFIRMED = 114;

/** Maximum characters of each untrusted text, the largest first. The whole description must fit into one Assuan line. */
const BOUNDS = [64, 48, 40, 32, 24, 16, 12, 8];

/** pinentry ends by its own timeout. It is killed this much later if it has not ended. */
const GRACE_MS = 2000;

/** MESSAGE is a CONFIRM with one button. */
type Request = 'CONFIRM' | 'GETPIN' | 'MESSAGE';
type Setting = readonly [command: string, parameter: string];
type Outcome =
  | { readonly answer: 'given'; readonly data: Buffer }
  | { readonly answer: 'cancelled' }
  | { readonly answer: 'not-confirmed' };

export function pinentryDialog(settings: DialogSettings, program: string, environment: NodeJS.ProcessEnv): Dialog {
  const { language } = settings;
  const ask = (
    request: Request,
    lines: readonly Setting[],
    signal: AbortSignal,
    onShown?: () => void,
  ): Promise<Outcome> =>
    askOnce(program, environment, settings.timeoutMs, [...options(language), ...lines], request, signal, onShown);
  // An empty answer is asked again, because some tokens would count it as a try.
  const askUntilFilled = async (lines: readonly Setting[], warnings: string[], empty: string, signal: AbortSignal) => {
    for (let shown = warnings; ; shown = [empty, ...warnings]) {
      const red: Setting[] = shown.length === 0 ? [] : [['SETERROR', shown.join('\n')]];
      const outcome = await ask('GETPIN', [...lines, ...red], signal);
      if (outcome.answer !== 'given' || outcome.data.length > 0) return outcome;
    }
  };
  /** Shows one choice after the other, and begins again after the last, because CONFIRM cannot show a list. */
  const chooseOne = async (
    title: Title,
    count: number,
    wording: (index: number) => Wording,
    signal: AbortSignal,
  ): Promise<number> => {
    for (let index = 0; ; index = (index + 1) % count) {
      const lines: Setting[] = [
        ['SETTITLE', titleOf(language, title)],
        ['SETDESC', fitting(wording(index))],
        ['SETOK', say(language, 'choose.approve')],
        ['SETNOTOK', say(language, 'choose.next')],
        ['SETCANCEL', say(language, 'cancel')],
      ];
      const { answer } = await ask('CONFIRM', lines, signal);
      if (answer === 'given') return index;
      if (answer === 'cancelled') throw new AgentError('ERR_USER_CANCELLED');
    }
  };
  const medium: Medium = {
    async confirm(title, wording, approve, signal) {
      const lines: Setting[] = [
        ['SETTITLE', titleOf(language, title)],
        ['SETDESC', fitting(wording)],
        ['SETOK', approve],
        ['SETCANCEL', say(language, 'cancel')],
      ];
      return (await ask('CONFIRM', lines, signal)).answer === 'given';
    },
    async message(title, wording, button, signal, onShown) {
      const lines: Setting[] = [
        ['SETTITLE', titleOf(language, title)],
        ['SETDESC', fitting(wording)],
        ['SETOK', say(language, button)],
      ];
      await ask('MESSAGE', lines, signal, onShown);
    },
    async secret(title, wording, warnings, signal) {
      const lines = input(language, title, fitting(wording));
      const outcome = await askUntilFilled(lines, warnings, say(language, 'pin.empty'), signal);
      return outcome.answer === 'given' ? outcome.data : undefined;
    },
  };
  return {
    ...tokenQuestions(language, medium),
    consent: (question, signal) =>
      medium.confirm(
        'consent',
        consentWording(language, question),
        say(language, `consent.approve.${question.purpose}`),
        signal,
      ),
    async pin(question, signal) {
      const lines = input(language, 'pin', fitting(pinWording(language, question)));
      const warnings = pinWarnings(language, question);
      const outcome = await askUntilFilled(lines, warnings, say(language, 'pin.empty'), signal);
      if (outcome.answer !== 'given') throw new AgentError('ERR_USER_PIN_CANCELLED');
      return outcome.data;
    },
    async code(question, signal) {
      const lines = input(language, 'code', fitting(codeWording(language, question)));
      const outcome = await askUntilFilled(lines, [], say(language, 'code.empty'), signal);
      if (outcome.answer !== 'given') throw new AgentError('ERR_USER_CANCELLED');
      return typedCode(outcome.data);
    },
    chooseToken: (question, signal) =>
      chooseOne('choose', question.tokens.length, (index) => tokenWording(language, question, index), signal),
    chooseCertificate: (question, signal) =>
      chooseOne(
        'certificate',
        question.certificates.length,
        (index) => certificateWording(language, question, index),
        signal,
      ),
  };
}

function options(language: Language): Setting[] {
  return [
    ['OPTION', 'lc-ctype=C.UTF-8'],
    ['OPTION', 'lc-messages=C.UTF-8'],
    ['OPTION', `default-tt-visi=${say(language, 'input.show')}`],
    ['OPTION', `default-tt-hide=${say(language, 'input.hide')}`],
  ];
}

function input(language: Language, question: 'pin' | 'code' | 'newPin', description: string): Setting[] {
  return [
    ['SETTITLE', titleOf(language, question)],
    ['SETDESC', description],
    ['SETPROMPT', say(language, `${question}.prompt`)],
    ['SETOK', say(language, 'proceed')],
    ['SETCANCEL', say(language, 'cancel')],
  ];
}

function fitting(wording: Wording): string {
  const fits = (max: number): boolean => Buffer.byteLength(`SETDESC ${escapeAssuan(wording(max))}`) <= ASSUAN_LINE_MAX;
  return wording(BOUNDS.find(fits) ?? BOUNDS.at(-1) ?? 1);
}

/** Starts a pinentry, asks one question, and ends it. */
async function askOnce(
  program: string,
  environment: NodeJS.ProcessEnv,
  timeoutMs: number,
  settings: readonly Setting[],
  request: Request,
  signal: AbortSignal,
  onShown?: () => void,
): Promise<Outcome> {
  if (signal.aborted) throw abortedError(signal);
  const child = start(program, environment);
  const end = (): void => void child.kill('SIGKILL');
  let late = false;
  const overdue = setTimeout(() => {
    late = true;
    end();
  }, timeoutMs + GRACE_MS);
  signal.addEventListener('abort', end, { once: true });
  try {
    const connection = connectAssuan(child.stdout, child.stdin);
    await prepare(connection, timeoutMs, settings);
    const outcome = outcomeOf(connection, request);
    onShown?.();
    return await outcome;
  } catch (error) {
    if (signal.aborted) throw abortedError(signal);
    if (late) throw new AgentError('ERR_USER_TIMEOUT', {}, error);
    // pinentry could not be started, crashed (Qt aborts without a display), or broke the protocol.
    throw error instanceof AgentError ? error : new AgentError('ERR_USER_UNREACHABLE', {}, error);
  } finally {
    clearTimeout(overdue);
    signal.removeEventListener('abort', end);
    end();
  }
}

type PinentryProcess = ChildProcessByStdio<Writable, Readable, null>;

function start(dialogProgram: string, environment: NodeJS.ProcessEnv): PinentryProcess {
  const { program, args, env } = platform.dialogCommand(dialogProgram, environment);
  const child = spawn(program, args, { env: { ...env, LC_ALL: 'C.UTF-8' }, stdio: ['pipe', 'pipe', 'ignore'] });
  // A failure to start is seen as the end of its output.
  child.on('error', () => child.stdout.destroy());
  child.stdin.on('error', () => undefined);
  return child;
}

async function prepare(connection: AssuanConnection, timeoutMs: number, settings: readonly Setting[]): Promise<void> {
  await connection.greeting();
  await connection.transact('SETTIMEOUT', String(Math.max(1, Math.ceil(timeoutMs / 1000))));
  for (const [command, parameter] of settings) {
    const { ok } = await connection.transact(command, parameter);
    // Options differ between versions, and none is required.
    if (!ok && command !== 'OPTION') throw new AgentError('ERR_USER_UNREACHABLE', { command });
  }
}

async function outcomeOf(connection: AssuanConnection, request: Request): Promise<Outcome> {
  const answer = await connection.transact(request);
  if (answer.ok) return { answer: 'given', data: answer.data };
  if (answer.code === CANCELLED) return { answer: 'cancelled' };
  if (answer.code === NOT_CONFIRMED) return { answer: 'not-confirmed' };
  throw new AgentError(answer.code === TIMED_OUT ? 'ERR_USER_TIMEOUT' : 'ERR_USER_UNREACHABLE', { code: answer.code });
}
