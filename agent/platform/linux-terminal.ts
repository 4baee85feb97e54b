/** The controlling terminal: /dev/tty, stty(1) and proc(5). */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { TerminalDevice } from './platform.ts';

const DEVICE = '/dev/tty';
const STTY = '/bin/stty';

/**
 * A token host that is killed while it asks for a PIN would leave the terminal without echo. This shell reads a pipe that the
 * asking process holds. If the pipe ends before the shell is killed, the shell restores the terminal's settings.
 */
function startGuard(): ChildProcess {
  const settings = execFileSync(STTY, ['-F', DEVICE, '-g'], { env: {}, encoding: 'latin1' }).trim();
  const command = `read -r nothing; ${STTY} -F ${DEVICE} "$1"`;
  const guard = spawn('/bin/sh', ['-c', command, 'sh', settings], { env: {}, stdio: ['pipe', 'ignore', 'ignore'] });
  guard.on('error', () => undefined);
  return guard;
}

/** Compares field 5, this process's group, with field 8, the terminal's foreground group (/proc/pid/stat, proc(5)). */
function isForeground(): boolean {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[2] === fields[5];
}

export const terminal: TerminalDevice = { device: DEVICE, isForeground, startGuard };
