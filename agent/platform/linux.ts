/** The platform Linux: XDG folders, proc(5), util-linux, notify-send and pinentry. */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, realpathSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, isAbsolute, join } from 'node:path';
import { ownershipFlaw } from './linux-ownership.ts';
import { isForeignPeer } from './linux-socket-owner.ts';
import { terminal } from './linux-terminal.ts';
import { usbReaders } from './linux-usb.ts';
import type { Command, Environment, Folders, Notification, Platform } from './platform.ts';

const SYSTEM_PROFILES = '/etc/inkan/profiles';

/** XDG Base Directory Specification. */
function folders(environment: Environment): Folders {
  const { INKAN_CONFIG_DIR, INKAN_STATE_DIR, XDG_CONFIG_HOME, XDG_STATE_HOME } = environment;
  const home = environment['HOME'] || homedir();
  const config = INKAN_CONFIG_DIR || join(XDG_CONFIG_HOME || join(home, '.config'), 'inkan');
  const state = INKAN_STATE_DIR || join(XDG_STATE_HOME || join(home, '.local', 'state'), 'inkan');
  return { config, state, profiles: [SYSTEM_PROFILES, join(config, 'profiles')] };
}

function privacyFlaw({ uid, mode }: { readonly uid: number; readonly mode: number }): string | undefined {
  if (uid !== process.getuid?.()) return 'belongs to another user';
  return (mode & 0o077) === 0 ? undefined : 'others may read it';
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** "pid start-time"; the start time is field 22 of stat (proc(5)). Without /proc, the process id alone. */
function processIdentity(pid: number): string | undefined {
  const stat = statOf(pid);
  if (stat !== undefined) return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  return isAlive(pid) ? `${pid}` : undefined;
}

/** Read synchronously: /proc is in the kernel's memory, and an asynchronous read would take longer. */
function statOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The first of LC_ALL, LC_MESSAGES and LANG that is set (POSIX.1-2017 §8.2). */
function locale(environment: Environment): string {
  return environment['LC_ALL'] || environment['LC_MESSAGES'] || environment['LANG'] || '';
}

/** The variables that a program needs to reach the desktop. */
const DESKTOP = /^(PATH|HOME|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|XDG_RUNTIME_DIR|DBUS_SESSION_BUS_ADDRESS)$/;
const LANGUAGE = /^(LANG|LC_.*)$/;
const TERMINAL = /^TERM$/;

function pick(environment: Environment, ...patterns: readonly RegExp[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && patterns.some((pattern) => pattern.test(name))) picked[name] = value;
  }
  return picked;
}

const NOTIFY_SEND = 'notify-send';
const NOTIFY_GIVE_UP_MS = 10_000;

/** Runs notify-send (libnotify), which exists for every desktop with a notification service. */
function notify(
  { title, body }: Notification,
  environment: Environment,
  failed: (code: string | undefined) => void,
): void {
  const args = ['--app-name=Inkan', '--icon=dialog-password', '--', title, body];
  const child = spawn(NOTIFY_SEND, args, { env: pick(environment, DESKTOP, LANGUAGE), stdio: 'ignore' });
  // Not spawn's `timeout`, because that timer would keep this process alive until it fires.
  const giveUp = setTimeout(() => child.kill(), NOTIFY_GIVE_UP_MS).unref();
  child.once('exit', () => clearTimeout(giveUp));
  child.once('error', (error) => failed((error as NodeJS.ErrnoException).code));
  child.unref();
}

/** In order of preference. pinentry-gnome3 is left out, because Enter approves a CONFIRM there. */
const PINENTRIES = ['pinentry-qt', 'pinentry-gtk-2', 'pinentry'];
/** `pinentry` may be a link to one of these. They show no window, or a window that approves by default. */
const UNSUITABLE = /curses|tty|gnome3/;

function dialogPrograms(environment: Environment): string[] {
  if (!environment['DISPLAY'] && !environment['WAYLAND_DISPLAY']) return [];
  const places = (environment['PATH'] ?? '').split(':').filter((folder) => isAbsolute(folder));
  const found = PINENTRIES.flatMap((name) => {
    const path = places.map((folder) => join(folder, name)).find(isExecutable);
    return path === undefined ? [] : [realpathSync(path)];
  });
  return [...new Set(found)].filter((path) => !UNSUITABLE.test(basename(path)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * pinentry does not read its input while it shows a dialog. So it would stay open after its parent process has ended (measured:
 * until its timeout). setpriv (util-linux) makes the kernel kill it when the parent ends (measured: 12 ms).
 */
const SETPRIV = '/usr/bin/setpriv';
/**
 * GTK 2 needs these modules for a screen reader; Qt asks the session by itself. The names are fixed, so that the user's list of
 * modules is not loaded.
 */
const ACCESSIBLE = { GTK_MODULES: 'gail:atk-bridge' } as const;

function dialogCommand(program: string, environment: Environment): Command {
  const env = { ...pick(environment, DESKTOP), ...ACCESSIBLE };
  if (!existsSync(SETPRIV)) return { program, args: [], env };
  return { program: SETPRIV, args: ['--pdeathsig', 'KILL', program], env };
}

/**
 * Node.js has no setrlimit(2). So a shell sets the core limit to 0 and then becomes the host by exec. Programs that take core dumps
 * from a pipe (systemd-coredump, apport) get this limit from the kernel and respect it.
 */
function hostCommand(file: string, environment: Environment): Command {
  const args = ['-c', 'ulimit -c 0; exec "$@"', 'sh', process.execPath, file];
  return { program: '/bin/sh', args, env: pick(environment, DESKTOP, LANGUAGE, TERMINAL) };
}

export const linux: Platform = {
  name: process.platform === 'darwin' ? 'darwin' : 'linux',
  folders,
  ownershipFlaw,
  privacyFlaw,
  syncFolder,
  isAdministrator: () => process.getuid?.() === 0,
  processIdentity,
  isForeignPeer,
  locale,
  notify,
  dialogPrograms,
  dialogCommand,
  terminal,
  hostCommand,
  usbReaders: () => usbReaders('/sys/bus/usb/devices'),
  browserPolicies: [
    { browser: 'Chromium', places: ['/etc/chromium/policies/managed'] },
    { browser: 'Chrome', places: ['/etc/opt/chrome/policies/managed'] },
    { browser: 'Edge', places: ['/etc/opt/edge/policies/managed'] },
    {
      browser: 'Firefox',
      places: [
        '/etc/firefox/policies/policies.json',
        '/etc/firefox-esr/policies/policies.json',
        '/usr/lib/firefox/distribution/policies.json',
        '/usr/lib/firefox-esr/distribution/policies.json',
      ],
    },
  ],
  p11Kit: {
    system: '/etc/pkcs11',
    packages: '/usr/share/p11-kit/modules',
    modules: [
      '/usr/lib/x86_64-linux-gnu/pkcs11',
      '/usr/lib/aarch64-linux-gnu/pkcs11',
      '/usr/lib64/pkcs11',
      '/usr/lib/pkcs11',
      '/usr/local/lib/pkcs11',
      '/opt/homebrew/lib/pkcs11',
    ],
  },
};
