/**
 * Which dialog of the agent waits in which state. It may lie behind the browser, so the page says what to look for. The titles
 * are the dialogs' own (`agent/dialog/locales`); a test holds them together.
 */
import type { StateName } from '../protocol/methods.ts';

const CONSENT = {
  ja: '内容の確認 – 電子証明書アプリ（Inkan）',
  en: 'Check the details – Certificate app (Inkan)',
} as const;
const PIN = {
  ja: 'USBトークンのPIN – 電子証明書アプリ（Inkan）',
  en: 'PIN of the USB token – Certificate app (Inkan)',
} as const;
const WAITING: Partial<Record<StateName, typeof CONSENT | typeof PIN>> = {
  accepted: CONSENT,
  consented: PIN,
  issued: PIN,
};

/** The title of the dialog that may be open in this state. */
export function dialogTitle(state: StateName, language: 'ja' | 'en'): string | undefined {
  return WAITING[state]?.[language];
}
