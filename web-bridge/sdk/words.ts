/** What a page shows for each state of the connection. All other words come from the agent. */
import type { Words } from '../protocol/envelope.ts';
import { byLanguage } from '../protocol/languages.ts';
import type { BridgeState } from './bridge-state.ts';
import { TEXTS } from './texts.ts';

const STATES = Object.keys(TEXTS.ja.states) as BridgeState[];

export const SDK_WORDS = Object.fromEntries(
  STATES.map((state) => [state, byLanguage((language) => TEXTS[language].states[state])]),
) as Readonly<Record<BridgeState, Words>>;
