/** The content of the element in each state, as data, and the nodes that are made of it. */
import type { Language } from '../../protocol/languages.ts';
import type { EnrollmentStatus } from '../../protocol/methods.ts';
import { type BridgeState, OBSTACLES } from '../bridge-state.ts';
import { dialogTitle } from '../dialogs.ts';
import { InkanError } from '../failure.ts';
import { type BankHelp, type Help, helpFor } from '../help.ts';
import { ELEMENT_TEXTS } from '../texts.ts';
import { SDK_WORDS } from '../words.ts';
import { dialogPicture, make, questionPicture } from './pictures.ts';

export type Does = 'begin' | 'connect' | 'again' | 'cancel';

export type View = {
  readonly what: string;
  readonly remedy?: string;
  readonly bad?: boolean;
  readonly support?: string;
  readonly help?: readonly Help[];
  readonly picture?: () => HTMLElement;
  readonly does?: readonly Does[];
};

const BUTTON: Partial<Record<BridgeState, Does>> = {
  ready: 'begin',
  explain: 'connect',
  denied: 'again',
  dismissed: 'again',
  'not-running': 'again',
  outdated: 'again',
  disconnected: 'again',
  abandoned: 'again',
};
const GOOD: readonly BridgeState[] = ['ready', 'explain', 'asking', 'abandoned'];
/** The states in which the enrollment can be cancelled: the request has not been sent. */
const CANCELLABLE: readonly string[] = ['accepted', 'consented', 'key-generated', 'csr-signed'];

export function bridgeView(state: BridgeState, bank: Partial<BankHelp>, language: Language): View {
  const button = BUTTON[state];
  const asks = state === 'explain' || state === 'asking';
  return {
    ...SDK_WORDS[state][language],
    bad: !GOOD.includes(state),
    help: helpFor(state, bank, language),
    ...(state in OBSTACLES && { support: OBSTACLES[state as keyof typeof OBSTACLES].support }),
    ...(asks && { picture: () => questionPicture(language) }),
    ...(button && { does: [button] }),
  };
}

export function progressView({ state, error }: EnrollmentStatus, language: Language): View {
  const { words, progress } = ELEMENT_TEXTS[language];
  const title = dialogTitle(state, language);
  const waits = error?.words[language];
  return {
    what: waits?.what ?? progress[state],
    remedy: waits?.remedy ?? (title ? words.behind : words.harmless),
    ...(title && { picture: () => dialogPicture(language, title) }),
    ...(CANCELLABLE.includes(state) && { does: ['cancel'] as const }),
  };
}

export function failureView(error: unknown, bank: Partial<BankHelp>, language: Language): View {
  const obstacle = Object.entries(OBSTACLES).find(([, { code }]) => error instanceof InkanError && error.code === code);
  if (obstacle) return bridgeView(obstacle[0] as BridgeState, bank, language);
  const { words } = ELEMENT_TEXTS[language];
  const help = helpFor('answer-invalid', bank, language);
  if (!(error instanceof InkanError))
    return { what: words.failed, remedy: words.retry, bad: true, help, does: ['again'] };
  const { support, retry } = error;
  return { ...error.words[language], bad: true, support, help, ...(retry !== 'never' && { does: ['again'] as const }) };
}

/** The view from the click to the answer. It has no button, so that nothing can be pressed twice. */
export function workingView(language: Language): View {
  return { what: ELEMENT_TEXTS[language].words.working };
}

export function completedView(language: Language): View {
  return { what: ELEMENT_TEXTS[language].words.completed };
}

function helpList(help: readonly Help[]): HTMLElement {
  const pairs = help.flatMap(({ label, text, href }) => {
    const link = make('a', '', text);
    if (href) link.href = href;
    return [make('dt', '', label), make('dd', '', href ? link : text)];
  });
  return make('dl', '', ...pairs);
}

/** The nodes below the words. The words themselves stay in their ARIA live region. */
export function nodesOf(view: View, language: Language, act: (does: Does) => void): HTMLElement[] {
  const { words } = ELEMENT_TEXTS[language];
  const buttons = (view.does ?? []).map((does) => {
    const button = make('button', does, words[does]);
    button.type = 'button';
    button.addEventListener('click', () => act(does));
    return button;
  });
  return [
    ...(view.support ? [make('p', 'support', `${words.support} `, make('strong', '', view.support))] : []),
    ...(view.picture ? [view.picture()] : []),
    ...(view.help?.length ? [helpList(view.help)] : []),
    ...(buttons.length ? [make('p', 'buttons', ...buttons)] : []),
  ];
}
