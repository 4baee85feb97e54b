/** Which dialog of the agent waits in which state. It may lie behind the browser, so the page says what to look for. */
import type { Language } from '../protocol/languages.ts';
import type { StateName } from '../protocol/methods.ts';
import { TEXTS } from './texts.ts';

const DIALOGS: Partial<Record<StateName, 'consent' | 'pin'>> = { accepted: 'consent', consented: 'pin', issued: 'pin' };

/** The title of the dialog that may be open in this state. */
export function dialogTitle(state: StateName, language: Language): string | undefined {
  const dialog = DIALOGS[state];
  return dialog && TEXTS[language].dialogs[dialog];
}
