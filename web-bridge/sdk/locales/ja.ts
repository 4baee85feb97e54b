/** The SDK's texts in Japanese. */
import type { ElementTexts, Texts } from './locale.ts';

export const texts: Texts = {
  states: {
    explain: {
      what: '次に、ブラウザーの確認メッセージが表示されます。このパソコンの電子証明書アプリ（Inkan）に接続するためのものです。',
      remedy: '表示されましたら「許可」を選んでください。',
    },
    asking: {
      what: 'ブラウザーの確認メッセージへの回答を待っています。',
      remedy: '表示されているメッセージで「許可」を選んでください。',
    },
    ready: {
      what: '電子証明書アプリ（Inkan）に接続できます。',
      remedy: 'お手続きをお進めください。',
    },
    unsupported: {
      what: 'このブラウザーまたはこの画面からは、電子証明書アプリ（Inkan）に接続できません。',
      remedy: '最新のChrome、Edge、Firefoxのいずれかでこの画面を開いてください。',
    },
    denied: {
      what: '電子証明書アプリ（Inkan）への接続が、ブラウザーの設定で許可されていません。',
      remedy:
        'アドレスバーの左端のアイコンを選び、「このデバイス上の他のアプリやサービスへのアクセス」を許可に変えてから、もう一度お試しください。',
    },
    dismissed: {
      what: 'ブラウザーの確認メッセージが閉じられたため、電子証明書アプリ（Inkan）に接続できませんでした。',
      remedy: 'もう一度試し、表示されるメッセージで「許可」を選んでください。',
    },
    'not-running': {
      what: '電子証明書アプリ（Inkan）から応答がありません。',
      remedy: '電子証明書アプリ（Inkan）が起動していることを確認してから、もう一度お試しください。',
    },
    outdated: {
      what: 'このパソコンの電子証明書アプリ（Inkan）は、この画面に対応していないバージョンです。',
      remedy: '電子証明書アプリ（Inkan）を最新のものに更新してください。',
    },
    disconnected: {
      what: '電子証明書アプリ（Inkan）との接続が切れました。お手続きはこのパソコンの中で続いています。',
      remedy: 'しばらくお待ちください。つながらないときは、この画面を再読み込みしてください。',
    },
    abandoned: {
      what: 'お手続きは中止されました。',
      remedy: '最初からやり直してください。',
    },
    'answer-invalid': {
      what: '電子証明書アプリ（Inkan）から、この画面が扱えない応答がありました。',
      remedy: 'お問い合わせ番号を添えて、信用金庫へご連絡ください。',
    },
  },
  dialogs: {
    consent: '内容の確認 – 電子証明書アプリ（Inkan）',
    pin: 'USBトークンのPIN – 電子証明書アプリ（Inkan）',
  },
  help: {
    reason: '接続をお願いする理由',
    telephone: 'お問い合わせ',
    download: '電子証明書アプリ（Inkan）の入手先（ほかの場所では配布していません）',
  },
};

export const elementTexts: ElementTexts = {
  words: {
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
  progress: {
    accepted: '内容の確認を待っています。',
    consented: 'USBトークンの中で鍵を作成しています。',
    'key-generated': '申込データに署名しています。',
    'csr-signed': '認証局へ送信しています。',
    sent: '認証局の回答を待っています。',
    pending: '発行待ち（この画面は閉じてもかまいません）',
    issued: 'USBトークンに書き込んでいます。',
    stored: '書き込みを検査しています。',
    completed: '完了しました。',
    failed: '取得できませんでした。',
    abandoned: '中止しました。',
  },
};
