/**
 * Desktop notifications, by notify-send (libnotify), which every desktop with a notification service has or can have.
 * They tell a person that they are needed and decide nothing: one that is not shown is no failure.
 */
import { spawn } from 'node:child_process';
import type { Language } from './dialog/dialog.ts';
import { plainLine } from './dialog/text.ts';
import { dateOf } from './dialog/wording.ts';
import { say } from './dialog/words.ts';
import type { Notice } from './enrollment/ports.ts';

export type Notification = { readonly title: string; readonly body: string };
export type ShowNotification = (notification: Notification) => void;
type Report = (fact: string, details: Readonly<Record<string, unknown>>) => void;

const PROGRAM = 'notify-send';
const PASSED_ON =
  /^(PATH|HOME|LANG|LC_.*|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|XDG_RUNTIME_DIR|DBUS_SESSION_BUS_ADDRESS)$/;
const MAX_TITLE = 80;
const MAX_NAME = 60;
const GIVE_UP_MS = 10_000;

/** The service may read its text as markup (Desktop Notifications Specification §4.1): nothing of a stranger's is one. */
const AS_TEXT: Readonly<Record<string, string>> = { '<': '＜', '>': '＞', '&': '＆' };

export function desktopNotifications(environment: NodeJS.ProcessEnv, report: Report): ShowNotification {
  const env = Object.fromEntries(Object.entries(environment).filter(([name]) => PASSED_ON.test(name)));
  return ({ title, body }) => {
    const texts = [plainLine(title, MAX_TITLE), body].map((text) =>
      text.replace(/[<>&]/g, (one) => AS_TEXT[one] ?? ''),
    );
    const args = ['--app-name=Inkan', '--icon=dialog-password', '--', ...texts];
    const child = spawn(PROGRAM, args, { env, stdio: 'ignore' });
    // Not spawn's own time limit: nobody waits for that one either, be it a command that has done its work.
    const giveUp = setTimeout(() => child.kill(), GIVE_UP_MS).unref();
    child.once('exit', () => clearTimeout(giveUp));
    child.once('error', (error) => report('notification: not shown', { code: (error as NodeJS.ErrnoException).code }));
    child.unref();
  };
}

/** Puts a notice into words. */
export function notifyIn(language: Language, show: ShowNotification): (notice: Notice) => void {
  return (notice) => show({ title: say(language, `notice.${notice.about}.title`), body: bodyOf(language, notice) });
}

/** The names in it are the bank's own, bounded like every stranger's text. */
function bodyOf(language: Language, notice: Notice): string {
  const { bank, account } = notice;
  const names = { bank: plainLine(bank[language], MAX_NAME), display: plainLine(account.display, MAX_NAME) };
  if (notice.about === 'write-back') return say(language, 'notice.write-back.body', names);
  const dates = { expires: dateOf(language, notice.expires), closes: dateOf(language, notice.closes) };
  return say(language, `notice.${notice.about}.body`, { ...names, ...dates });
}
