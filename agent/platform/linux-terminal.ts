/** The controlling terminal: /dev/tty, stty(1) and proc(5). */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { TerminalDevice } from './platform.ts';

const DEVICE = '/dev/tty';
const STTY = '/bin/stty';

/**
 * A token host may be killed while it asks, and would leave the person a terminal that shows nothing of what is typed.
 * This shell reads a pipe of ours; when that ends without its being dismissed, it puts the terminal's settings back.
 */
function startGuard(): ChildProcess {
  const settings = execFileSync(STTY, ['-F', DEVICE, '-g'], { env: {}, encoding: 'latin1' }).trim();
  const command = `read -r nothing; ${STTY} -F ${DEVICE} "$1"`;
  const guard = spawn('/bin/sh', ['-c', command, 'sh', settings], { env: {}, stdio: ['pipe', 'ignore', 'ignore'] });
  guard.on('error', () => undefined);
  return guard;
}

/** Field 5 is our process group, field 8 the terminal's foreground one (proc(5), /proc/pid/stat). */
function isForeground(): boolean {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[2] === fields[5];
}

export const terminal: TerminalDevice = { device: DEVICE, isForeground, startGuard };
