/** Desktop notifications. They tell a person that they are needed. One that cannot be shown is logged, and is not an error. */
import { textIn } from '../../web-bridge/protocol/bank-text.ts';
import type { Language } from '../../web-bridge/protocol/languages.ts';
import { plainLine } from '../dialog/text.ts';
import { dateOf } from '../dialog/wording.ts';
import { say } from '../dialog/words.ts';
import { platform } from '../platform/current.ts';
import type { Environment, Notification } from '../platform/platform.ts';
import type { Notice } from '../ports/human.ts';

export type ShowNotification = (notification: Notification) => void;
type Report = (fact: string, details: Readonly<Record<string, unknown>>) => void;

const MAX_TITLE = 80;
const MAX_NAME = 60;

/**
 * The notification service may read a body as markup (Desktop Notifications Specification §4.1). So these characters are replaced
 * by their full-width forms.
 */
const FULL_WIDTH: Readonly<Record<string, string>> = { '<': '＜', '>': '＞', '&': '＆' };

export function desktopNotifications(environment: Environment, report: Report): ShowNotification {
  const failed = (code: string | undefined): void => report('notification: not shown', { code });
  return ({ title, body }) => {
    const shown = { title: withoutMarkup(plainLine(title, MAX_TITLE)), body: withoutMarkup(body) };
    platform.notify(shown, environment, failed);
  };
}

function withoutMarkup(text: string): string {
  return text.replace(/[<>&]/g, (one) => FULL_WIDTH[one] ?? '');
}

/** Returns a function that shows a notice in this language. */
export function createNotify(language: Language, show: ShowNotification): (notice: Notice) => void {
  return (notice) => show({ title: say(language, `notice.${notice.about}.title`), body: bodyOf(language, notice) });
}

/** The names come from the profile and the order. They are untrusted texts, so they are bounded. */
function bodyOf(language: Language, notice: Notice): string {
  const { bank, account } = notice;
  const names = { bank: plainLine(textIn(bank, language), MAX_NAME), display: plainLine(account.display, MAX_NAME) };
  if (notice.about === 'write-back') return say(language, 'notice.write-back.body', names);
  const dates = { expires: dateOf(language, notice.expires), closes: dateOf(language, notice.closes) };
  return say(language, `notice.${notice.about}.body`, { ...names, ...dates });
}
