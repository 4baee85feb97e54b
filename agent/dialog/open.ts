/** Chooses how the human is reached: the scripted one where settings say so, else whatever this desk offers. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { platform } from '../platform/current.ts';
import type { Dialog, DialogSettings } from './dialog.ts';
import { pinentryDialog } from './pinentry.ts';
import { scriptedDialog } from './scripted.ts';
import { terminalDialog } from './terminal.ts';
import { hasTerminal } from './terminal-line.ts';

/** A person's dialog: pinentry where there is a display, and the terminal where that fails. */
export function openDialog(settings: DialogSettings, environment: NodeJS.ProcessEnv): Dialog {
  if (settings.script !== undefined) return scriptedDialog(settings, settings.script);
  const windows = platform.dialogPrograms(environment).map((program) => pinentryDialog(settings, program, environment));
  return firstReachable([...windows, terminalDialog(settings)]);
}

/** What a person here would be asked by, for `doctor`: paths of pinentry programs, the terminal; empty: out of reach. */
export function dialogPrograms(environment: NodeJS.ProcessEnv): string[] {
  return [
    ...platform.dialogPrograms(environment),
    ...(hasTerminal() && platform.terminal ? [platform.terminal.device] : []),
  ];
}

/** Asks by the first of the dialogs that reaches the human. Any other end of a question is its end. */
function firstReachable(dialogs: readonly Dialog[]): Dialog {
  const ask = async <T>(question: (dialog: Dialog) => Promise<T>): Promise<T> => {
    let reason: unknown;
    for (const dialog of dialogs) {
      try {
        return await question(dialog);
      } catch (error) {
        if (!(error instanceof AgentError) || error.code !== 'ERR_USER_UNREACHABLE') throw error;
        reason = error;
      }
    }
    throw new AgentError('ERR_USER_UNREACHABLE', {}, reason);
  };
  return {
    consent: (question, signal) => ask((dialog) => dialog.consent(question, signal)),
    pin: (question, signal) => ask((dialog) => dialog.pin(question, signal)),
    code: (question, signal) => ask((dialog) => dialog.code(question, signal)),
    chooseToken: (question, signal) => ask((dialog) => dialog.chooseToken(question, signal)),
    chooseCertificate: (question, signal) => ask((dialog) => dialog.chooseCertificate(question, signal)),
    insertToken: (question, signal) => ask((dialog) => dialog.insertToken(question, signal)),
    lastTry: (question, signal) => ask((dialog) => dialog.lastTry(question, signal)),
    locked: (notice, signal) => ask((dialog) => dialog.locked(notice, signal)),
    reader: (question) => ask((dialog) => dialog.reader(question)),
    newPin: (question, signal) => ask((dialog) => dialog.newPin(question, signal)),
    replace: (question, signal) => ask((dialog) => dialog.replace(question, signal)),
  };
}
