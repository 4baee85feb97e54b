/** What a file of this folder holds. The two parts are apart, so that a page without the element need not load its texts. */
import type { WhatAndRemedy } from '../../protocol/envelope.ts';
import type { StateName } from '../../protocol/methods.ts';
import type { BridgeState } from '../bridge-state.ts';

export type Texts = {
  /** What a page shows for each state of the connection. */
  readonly states: Readonly<Record<BridgeState, WhatAndRemedy>>;
  /** The titles of the agent's dialogs, as `agent/dialog/locales` has them. */
  readonly dialogs: Readonly<Record<'consent' | 'pin', string>>;
  /** The labels of what the bank supplies. */
  readonly help: Readonly<Record<'reason' | 'telephone' | 'download', string>>;
};

/** The names of the element's own texts: its buttons, its pictures, and its notes. */
type ElementWord =
  | 'begin'
  | 'connect'
  | 'again'
  | 'cancel'
  | 'support'
  | 'questionTitle'
  | 'asks'
  | 'question'
  | 'block'
  | 'allow'
  | 'dialogTitle'
  | 'behind'
  | 'harmless'
  | 'working'
  | 'completed'
  | 'failed'
  | 'retry';

export type ElementTexts = {
  readonly words: Readonly<Record<ElementWord, string>>;
  /** What the agent is doing in each state of an enrollment. */
  readonly progress: Readonly<Record<StateName, string>>;
};
