/** The controlling terminal, read key by key: an answer stays bytes, so that a PIN never becomes a string. */
import type { ChildProcess } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { ReadStream, WriteStream } from 'node:tty';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { platform } from '../platform/current.ts';
import type { TerminalDevice } from '../platform/platform.ts';
import { abortedError } from './aborted.ts';

/** Bytes of an answer; more are not taken. */
const ANSWER_MAX = 512;
const CTRL_C = 0x03;
const CTRL_D = 0x04;
const BACKSPACE = 0x08;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const CTRL_U = 0x15;
const ESCAPE = 0x1b;
const DELETE = 0x7f;
/** Bytes from here to 0xbf go on with a UTF-8 character (RFC 3629 §3). */
const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

export type Terminal = { readonly input: ReadStream; readonly output: WriteStream; readonly guard: ChildProcess };

/**
 * Raw from here on: whoever sees a question can answer it, however slow we are. The kernel would show a PIN that is
 * typed before, and would keep a Ctrl-D to itself.
 * @throws AgentError ERR_USER_UNREACHABLE without a terminal, or where another job has it: the kernel would stop us.
 */
export function openTerminal(): Terminal {
  const device = platform.terminal;
  if (!device || !hasTerminal()) throw new AgentError('ERR_USER_UNREACHABLE');
  let guard: ChildProcess | undefined;
  try {
    guard = device.startGuard();
    const terminal = { input: new ReadStream(open(device)), output: new WriteStream(open(device)), guard };
    terminal.input.setRawMode(true);
    return terminal;
  } catch (error) {
    guard?.kill('SIGKILL');
    throw new AgentError('ERR_USER_UNREACHABLE', {}, error);
  }
}

const open = ({ device }: TerminalDevice): number => openSync(device, constants.O_RDWR | constants.O_NOCTTY);

export function hasTerminal(): boolean {
  const device = platform.terminal;
  if (!device) return false;
  try {
    closeSync(open(device));
    return device.isForeground();
  } catch {
    return false;
  }
}

export function closeTerminal(terminal: Terminal): void {
  terminal.input.setRawMode(false);
  terminal.guard.kill('SIGKILL');
  terminal.input.destroy();
  terminal.output.destroy();
}

/** What was typed before Enter; undefined for Ctrl-C, Ctrl-D and the end of input. */
export async function readLine(
  terminal: Terminal,
  echo: boolean,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const line = Buffer.alloc(ANSWER_MAX);
  const { promise, resolve, reject } = settlable<Buffer | undefined>();
  const onAbort = (): void => reject(abortedError(signal));
  const timer = setTimeout(() => reject(new AgentError('ERR_USER_TIMEOUT')), timeoutMs);
  signal.addEventListener('abort', onAbort, { once: true });
  terminal.input.on('error', () => resolve(undefined)).on('end', () => resolve(undefined));
  let length = 0;
  terminal.input.on('data', (keys: Buffer) => {
    const edited = edit(line, length, keys);
    if (echo) terminal.output.write(echoOf(line, length, edited.length));
    length = edited.length;
    keys.fill(0);
    if (edited.end === 'given') resolve(Buffer.from(line.subarray(0, length)));
    else if (edited.end === 'cancelled') resolve(undefined);
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    terminal.input.removeAllListeners('data');
    line.fill(0);
  }
}

type Edited = { readonly length: number; readonly end?: 'given' | 'cancelled' };

/** Puts keys into the line. What follows an escape in one read is a function key, and means nothing here. */
export function edit(line: Buffer, before: number, keys: Uint8Array): Edited {
  let length = before;
  for (const key of keys) {
    if (key === CTRL_C || key === CTRL_D) return { length, end: 'cancelled' };
    if (key === LINE_FEED || key === CARRIAGE_RETURN) return { length, end: 'given' };
    if (key === ESCAPE) return { length };
    if (key === BACKSPACE || key === DELETE) length = withoutLast(line, length);
    else if (key === CTRL_U) length = 0;
    else if (key >= 0x20 && length < line.length) {
      line[length] = key;
      length += 1;
    }
  }
  return { length };
}

function withoutLast(line: Buffer, length: number): number {
  let end = length - 1;
  while (end > 0 && isContinuation(line[end])) end -= 1;
  return Math.max(0, end);
}

/** What a terminal must be sent so that it shows the line as it is now. */
function echoOf(line: Buffer, before: number, after: number): Buffer {
  if (after >= before) return line.subarray(before, after);
  return Buffer.from('\b \b'.repeat(columns(line.toString('utf8', after, before))));
}

/** East Asian characters take two columns; what is typed here is digits, so the blocks of Japanese will do. */
function columns(text: string): number {
  return text.length + (text.match(/[\u3000-\u9fff\uff01-\uff60]/g)?.length ?? 0);
}

function settlable<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (reason: Error) => void } {
  let resolve: (value: T) => void = () => undefined;
  let reject: (reason: Error) => void = () => undefined;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
