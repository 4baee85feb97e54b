/** Facts that only the bank knows, for a page that does not reach the agent. The page has them; the SDK says when to show which. */
import type { Language } from '../protocol/languages.ts';
import type { BridgeState } from './bridge-state.ts';
import { TEXTS } from './texts.ts';

export type BankHelp = {
  /** Why the bank asks for the connection, in the page's language. */
  readonly reason: string;
  readonly telephone: string;
  /** The only address where the agent can be downloaded. It must be https. */
  readonly download: string;
};

export type Help = { readonly label: string; readonly text: string; readonly href?: string };

const ALL = ['reason', 'telephone', 'download'] as const;
const SHOWN: Partial<Record<BridgeState, readonly (keyof BankHelp)[]>> = {
  explain: ALL,
  'not-running': ALL,
  outdated: ['telephone', 'download'],
  denied: ['reason', 'telephone'],
  dismissed: ['reason', 'telephone'],
  unsupported: ['telephone'],
  'answer-invalid': ['telephone'],
};

/** What to show beside `SDK_WORDS` in this state. What the bank did not give is left out. */
export function helpFor(state: BridgeState, bank: Partial<BankHelp>, language: Language): Help[] {
  return (SHOWN[state] ?? []).flatMap((name) => {
    const text = bank[name];
    if (!text) return [];
    // Only https becomes a link, because the address may come from an attribute.
    const href = name === 'download' && text.startsWith('https://') ? { href: text } : {};
    return [{ label: TEXTS[language].help[name], text, ...href }];
  });
}
