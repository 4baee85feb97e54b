/** Reads the controlling terminal key by key. An answer is kept as bytes, so that a PIN never becomes a string. */
import type { ChildProcess } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { ReadStream, WriteStream } from 'node:tty';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { platform } from '../platform/current.ts';
import type { TerminalDevice } from '../platform/platform.ts';
import { abortedError } from './aborted.ts';

/** Maximum bytes of an answer. Further keys are ignored. */
const ANSWER_MAX = 512;
const CTRL_C = 0x03;
const CTRL_D = 0x04;
const BACKSPACE = 0x08;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const CTRL_U = 0x15;
const ESCAPE = 0x1b;
const DELETE = 0x7f;
/** Whether the byte continues a UTF-8 character: 0x80 to 0xbf (RFC 3629 §3). */
const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

export type Terminal = { readonly input: ReadStream; readonly output: WriteStream; readonly guard: ChildProcess };

/**
 * Opens the terminal in raw mode, before a question is written. In the kernel's line mode a PIN that is typed early would be
 * echoed, and a Ctrl-D would not arrive.
 * @throws AgentError ERR_USER_UNREACHABLE if there is no terminal, or if another job has it: the kernel would stop this process
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

/** The bytes that were typed before Enter; `undefined` after Ctrl-C, Ctrl-D or the end of input. */
export async function readLine(
  terminal: Terminal,
  echo: boolean,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const line = Buffer.alloc(ANSWER_MAX);
  const { promise, resolve, reject } = promiseWithResolvers<Buffer | undefined>();
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

/** Edits the line by these keys. An escape begins a function key, so the rest of the same read is ignored. */
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

/** The bytes to write so that the terminal shows the edited line. */
function echoOf(line: Buffer, before: number, after: number): Buffer {
  if (after >= before) return line.subarray(before, after);
  return Buffer.from('\b \b'.repeat(columns(line.toString('utf8', after, before))));
}

/** Japanese characters take two columns. Other wide characters are not needed, because the answers are digits. */
function columns(text: string): number {
  return text.length + (text.match(/[\u3000-\u9fff\uff01-\uff60]/g)?.length ?? 0);
}

function promiseWithResolvers<T>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (reason: Error) => void;
} {
  let resolve: (value: T) => void = () => undefined;
  let reject: (reason: Error) => void = () => undefined;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
