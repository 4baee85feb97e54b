/** Chooses how the human is reached: the scripted one where settings say so, else whatever this desk offers. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Dialog, DialogSettings } from './dialog.ts';
import { scriptedDialog } from './scripted.ts';

export function openDialog(settings: DialogSettings, _environment: NodeJS.ProcessEnv): Dialog {
  if (settings.script !== undefined) return scriptedDialog(settings, settings.script);
  return nobody;
}

const unreachable = async (): Promise<never> => {
  throw new AgentError('ERR_USER_UNREACHABLE');
};
const nobody: Dialog = { consent: unreachable, pin: unreachable, code: unreachable, chooseToken: unreachable };
