/** The dialog of the agent that waits in each state. It may be behind the browser, so the page shows its title. */
import type { Language } from '../protocol/languages.ts';
import type { StateName } from '../protocol/methods.ts';
import { TEXTS } from './texts.ts';

const DIALOGS: Partial<Record<StateName, 'consent' | 'pin'>> = { accepted: 'consent', consented: 'pin', issued: 'pin' };

/** The title of the dialog that may be open in this state. */
export function dialogTitle(state: StateName, language: Language): string | undefined {
  const dialog = DIALOGS[state];
  return dialog && TEXTS[language].dialogs[dialog];
}
