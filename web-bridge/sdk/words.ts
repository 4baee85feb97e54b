/**
 * What only the SDK can know – whether the browser lets the page through, whether anybody answers – and the words for
 * it. Everything the agent knows arrives with the agent's own words.
 */
import type { Words } from '../protocol/envelope.ts';
import type { Retry } from '../protocol/errors.ts';

/** Moments on the way to the agent that are no failures. */
type Moment = 'explain' | 'asking' | 'ready';

/** Why the agent cannot be reached, or what befell the connection. */
export type Obstacle =
  | 'unsupported'
  | 'denied'
  | 'dismissed'
  | 'not-running'
  | 'outdated'
  | 'disconnected'
  | 'abandoned'
  | 'answer-invalid';

/** Where a page stands with the agent on this computer. */
export type BridgeState = Moment | Obstacle;

/** `support` numbers follow the agent's manner (`protocol/errors.ts`); S is the SDK's family. */
export const OBSTACLES = {
  unsupported: { code: 'ERR_SDK_UNSUPPORTED', retry: 'never', support: 'S01' },
  denied: { code: 'ERR_SDK_DENIED', retry: 'user', support: 'S02' },
  dismissed: { code: 'ERR_SDK_DISMISSED', retry: 'user', support: 'S03' },
  'not-running': { code: 'ERR_SDK_NOT_RUNNING', retry: 'user', support: 'S04' },
  outdated: { code: 'ERR_SDK_OUTDATED', retry: 'never', support: 'S05' },
  disconnected: { code: 'ERR_SDK_DISCONNECTED', retry: 'later', support: 'S06' },
  abandoned: { code: 'ERR_SDK_ABANDONED', retry: 'user', support: 'S07' },
  'answer-invalid': { code: 'ERR_SDK_ANSWER_INVALID', retry: 'never', support: 'S08' },
} as const satisfies Record<Obstacle, { code: string; retry: Retry; support: string }>;

export type SdkErrorCode = (typeof OBSTACLES)[Obstacle]['code'];

/** What the page shows for each state; terms as the agent's own dialogs use them. */
export const SDK_WORDS: Readonly<Record<BridgeState, Words>> = {
  explain: {
    ja: {
      what: '次に、ブラウザーの確認メッセージが表示されます。このパソコンの電子証明書アプリ（Inkan）に接続するためのものです。',
      remedy: '表示されましたら「許可」を選んでください。',
    },
    en: {
      what: 'Your browser will ask whether this site may reach other apps on this device. The certificate app (Inkan) is such an app.',
      remedy: 'Choose “Allow” when the question appears.',
    },
  },
  asking: {
    ja: {
      what: 'ブラウザーの確認メッセージへの回答を待っています。',
      remedy: '表示されているメッセージで「許可」を選んでください。',
    },
    en: { what: 'Your browser is waiting for your answer.', remedy: 'Choose “Allow” in the question it shows.' },
  },
  ready: {
    ja: { what: '電子証明書アプリ（Inkan）に接続できます。', remedy: 'お手続きをお進めください。' },
    en: { what: 'The certificate app (Inkan) can be reached.', remedy: 'Please go on.' },
  },
  unsupported: {
    ja: {
      what: 'このブラウザーまたはこの画面からは、電子証明書アプリ（Inkan）に接続できません。',
      remedy: '最新のChrome、Edge、Firefoxのいずれかでこの画面を開いてください。',
    },
    en: {
      what: 'The certificate app (Inkan) cannot be reached from this browser or this page.',
      remedy: 'Open this page in a current Chrome, Edge or Firefox.',
    },
  },
  denied: {
    ja: {
      what: '電子証明書アプリ（Inkan）への接続が、ブラウザーの設定で許可されていません。',
      remedy:
        'アドレスバーの左端のアイコンを選び、「このデバイス上の他のアプリやサービスへのアクセス」を許可に変えてから、もう一度お試しください。',
    },
    en: {
      what: 'Your browser’s settings do not let this site reach the certificate app (Inkan).',
      remedy:
        'Choose the icon at the left of the address bar, allow access to other apps on this device, and try again.',
    },
  },
  dismissed: {
    ja: {
      what: 'ブラウザーの確認メッセージが閉じられたため、電子証明書アプリ（Inkan）に接続できませんでした。',
      remedy: 'もう一度試し、表示されるメッセージで「許可」を選んでください。',
    },
    en: {
      what: 'The browser’s question was closed, so the certificate app (Inkan) could not be reached.',
      remedy: 'Try again and choose “Allow”.',
    },
  },
  'not-running': {
    ja: {
      what: '電子証明書アプリ（Inkan）から応答がありません。',
      remedy: '電子証明書アプリ（Inkan）が起動していることを確認してから、もう一度お試しください。',
    },
    en: {
      what: 'The certificate app (Inkan) does not answer.',
      remedy: 'Make sure that the certificate app (Inkan) is running, then try again.',
    },
  },
  outdated: {
    ja: {
      what: 'このパソコンの電子証明書アプリ（Inkan）は、この画面に対応していないバージョンです。',
      remedy: '電子証明書アプリ（Inkan）を最新のものに更新してください。',
    },
    en: {
      what: 'The certificate app (Inkan) on this computer is of a version that this page cannot use.',
      remedy: 'Update the certificate app (Inkan).',
    },
  },
  disconnected: {
    ja: {
      what: '電子証明書アプリ（Inkan）との接続が切れました。お手続きはこのパソコンの中で続いています。',
      remedy: 'しばらくお待ちください。つながらないときは、この画面を再読み込みしてください。',
    },
    en: {
      what: 'The connection to the certificate app (Inkan) was lost. Your request goes on on this computer.',
      remedy: 'Please wait; if it does not come back, reload this page.',
    },
  },
  abandoned: {
    ja: { what: 'お手続きは中止されました。', remedy: '最初からやり直してください。' },
    en: { what: 'The request was cancelled.', remedy: 'Start over.' },
  },
  'answer-invalid': {
    ja: {
      what: '電子証明書アプリ（Inkan）から、この画面が扱えない応答がありました。',
      remedy: 'お問い合わせ番号を添えて、信用金庫へご連絡ください。',
    },
    en: {
      what: 'The certificate app (Inkan) gave an answer that this page cannot use.',
      remedy: 'Call your bank and give the support code.',
    },
  },
};
