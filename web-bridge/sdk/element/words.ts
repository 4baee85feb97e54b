/** What the element says beside the SDK's words: its buttons, its pictures, and how far the agent is. */
import type { StateName } from '../../protocol/methods.ts';

export type Language = 'ja' | 'en';

export const ELEMENT_WORDS = {
  ja: {
    begin: '取得する',
    connect: '確認メッセージへ進む',
    again: 'もう一度試す',
    cancel: '中止',
    support: 'お問い合わせ番号',
    questionTitle: 'ブラウザーの確認メッセージ（見本）',
    asks: '{host} が次の許可を求めています',
    question: 'このデバイス上の他のアプリやサービスへのアクセス',
    block: 'ブロック',
    allow: '許可',
    dialogTitle: '電子証明書アプリ（Inkan）の画面（見本）',
    behind: '次の画面が、ブラウザーの後ろに隠れていることがあります。',
    harmless: 'この画面を閉じたり再読み込みしたりしても、お手続きは失われません。',
    working: '電子証明書アプリ（Inkan）に接続しています。',
    completed: '電子証明書は、USBトークンの中に書き込まれました。',
    failed: 'お手続きを始められませんでした。',
    retry: 'この画面を再読み込みしてから、もう一度お試しください。',
  },
  en: {
    begin: 'Acquire the certificate',
    connect: 'Go to the browser’s question',
    again: 'Try again',
    cancel: 'Cancel',
    support: 'Support code',
    questionTitle: 'The browser’s question (sample)',
    asks: '{host} wants to',
    question: 'Access other apps and services on this device',
    block: 'Block',
    allow: 'Allow',
    dialogTitle: 'The window of the certificate app (Inkan) (sample)',
    behind: 'This window may be hidden behind the browser.',
    harmless: 'Nothing is lost if you close or reload this page.',
    working: 'Connecting to the certificate app (Inkan).',
    completed: 'The certificate has been written to the USB token.',
    failed: 'The request could not be begun.',
    retry: 'Reload this page and try again.',
  },
} as const satisfies Record<Language, Readonly<Record<string, string>>>;

export const STATE_WORDS: Readonly<Record<StateName, Readonly<Record<Language, string>>>> = {
  accepted: { ja: '内容の確認を待っています。', en: 'Waiting for you to check the details.' },
  consented: { ja: 'USBトークンの中で鍵を作成しています。', en: 'Making a key inside the USB token.' },
  'key-generated': { ja: '申込データに署名しています。', en: 'Signing the request.' },
  'csr-signed': { ja: '認証局へ送信しています。', en: 'Sending to the certification authority.' },
  sent: { ja: '認証局の回答を待っています。', en: 'Waiting for the certification authority.' },
  pending: {
    ja: '発行待ち（この画面は閉じてもかまいません）',
    en: 'Waiting to be issued (you may close this page)',
  },
  issued: { ja: 'USBトークンに書き込んでいます。', en: 'Writing to the USB token.' },
  stored: { ja: '書き込みを検査しています。', en: 'Checking what was written.' },
  completed: { ja: '完了しました。', en: 'Done.' },
  failed: { ja: '取得できませんでした。', en: 'It did not come about.' },
  abandoned: { ja: '中止しました。', en: 'Cancelled.' },
};
