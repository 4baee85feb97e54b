/** Opens a dialog: of the scripted human if the settings name one, else of a program or terminal on this machine. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { platform } from '../platform/current.ts';
import type { Dialog, DialogSettings } from './dialog.ts';
import { pinentryDialog } from './pinentry.ts';
import { scriptedDialog } from './scripted.ts';
import { terminalDialog } from './terminal.ts';
import { hasTerminal } from './terminal-line.ts';

/** For people, pinentry is tried first if there is a display, and then the terminal. */
export function openDialog(settings: DialogSettings, environment: NodeJS.ProcessEnv): Dialog {
  if (settings.script !== undefined) return scriptedDialog(settings, settings.script);
  const windows = platform.dialogPrograms(environment).map((program) => pinentryDialog(settings, program, environment));
  return firstReachable([...windows, terminalDialog(settings)]);
}

/** The pinentry programs and the terminal that would be used, by their paths, for `doctor`. Empty: no human can be asked. */
export function dialogPrograms(environment: NodeJS.ProcessEnv): string[] {
  return [
    ...platform.dialogPrograms(environment),
    ...(hasTerminal() && platform.terminal ? [platform.terminal.device] : []),
  ];
}

/** Tries each dialog until one reaches the human. Any error but ERR_USER_UNREACHABLE ends the question. */
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
