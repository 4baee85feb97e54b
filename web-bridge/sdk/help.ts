/** What only the bank knows and a customer needs where the agent is not reached: the page supplies it, the SDK says when. */
import type { BridgeState } from './words.ts';

export type BankHelp = {
  /** Why the bank asks for the connection, in the page's language. */
  readonly reason: string;
  readonly telephone: string;
  /** The only address the agent is given out at: https. */
  readonly download: string;
};

export type Help = { readonly label: string; readonly text: string; readonly href?: string };

const LABELS = {
  reason: { ja: '接続をお願いする理由', en: 'Why we ask' },
  telephone: { ja: 'お問い合わせ', en: 'Telephone' },
  download: {
    ja: '電子証明書アプリ（Inkan）の入手先（ほかの場所では配布していません）',
    en: 'Where to get the certificate app (Inkan); it is given out nowhere else',
  },
} as const satisfies Record<keyof BankHelp, { ja: string; en: string }>;

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

/** What to show beside `SDK_WORDS` in this state; nothing where the bank supplied nothing. */
export function helpFor(state: BridgeState, bank: Partial<BankHelp>, language: 'ja' | 'en'): Help[] {
  return (SHOWN[state] ?? []).flatMap((name) => {
    const text = bank[name];
    if (!text) return [];
    // A link is made of https alone: the address may come from an attribute.
    const href = name === 'download' && text.startsWith('https://') ? { href: text } : {};
    return [{ label: LABELS[name][language], text, ...href }];
  });
}
