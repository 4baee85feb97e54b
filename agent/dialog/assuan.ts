/**
 * The part of the Assuan protocol that pinentry needs (libassuan manual, "Implementation": client requests, server responses). One
 * command runs at a time. Lines and answers have a maximum length. A D line may hold a PIN: it is kept as bytes, and every buffer
 * that held it is wiped.
 */
import type { Readable, Writable } from 'node:stream';

/** Maximum bytes of a line, without its line feed. libassuan's ASSUAN_LINELENGTH is 1002 with CR LF. */
export const ASSUAN_LINE_MAX = 1000;
/** Maximum bytes in the D lines of one answer, and maximum number of its lines. */
const DATA_MAX = 2048;
const LINES_MAX = 64;
const LINE_FEED = 0x0a;
const PERCENT = 0x25;

export type AssuanAnswer =
  | { readonly ok: true; readonly data: Buffer }
  /** `code`: the error code of libgpg-error, without the error source in the upper bits. */
  | { readonly ok: false; readonly code: number };

/** The server broke the protocol or ended the connection. */
export class AssuanError extends Error {
  override readonly name = 'AssuanError';
}

/** Percent-encodes a parameter: `%` and all control characters. */
export function escapeAssuan(text: string): string {
  return text.replace(/[%\p{Cc}]/gu, (character) => encodeURIComponent(character));
}

/** Decodes the data of a D line into a new buffer. */
export function unescapeAssuan(line: Uint8Array): Buffer {
  const plain = Buffer.alloc(line.length);
  let length = 0;
  for (let at = 0; at < line.length; at += 1) {
    const byte = line[at] === PERCENT ? hexadecimal(line, at + 1) : line[at];
    if (line[at] === PERCENT) at += 2;
    plain[length] = byte ?? 0;
    length += 1;
  }
  return plain.subarray(0, length);
}

function assuanCommand(name: string, parameter: string | undefined): string {
  const line = parameter === undefined ? name : `${name} ${escapeAssuan(parameter)}`;
  if (Buffer.byteLength(line) > ASSUAN_LINE_MAX) throw new AssuanError(`${name}: line too long`);
  return line;
}

export type AssuanConnection = {
  /** The greeting, which the server sends first. */
  greeting(): Promise<AssuanAnswer>;
  transact(name: string, parameter?: string): Promise<AssuanAnswer>;
};

export function connectAssuan(input: Readable, output: Writable): AssuanConnection {
  const lines = readLines(input);
  return {
    greeting: () => readAnswer(lines),
    transact(name, parameter) {
      output.write(`${assuanCommand(name, parameter)}\n`);
      return readAnswer(lines);
    },
  };
}

async function readAnswer(lines: AsyncGenerator<Buffer, void>): Promise<AssuanAnswer> {
  let data: Buffer = Buffer.alloc(0);
  for (let count = 0; count < LINES_MAX; count += 1) {
    const { value: line } = await lines.next();
    if (!line) throw new AssuanError('connection ended');
    if (begins(line, 'OK')) return { ok: true, data };
    if (begins(line, 'ERR ')) return { ok: false, code: errorCode(line) };
    if (begins(line, 'D ')) data = append(data, line);
    // S and # lines are information. INQUIRE is an error, since no command of ours leads to one.
    else if (!begins(line, 'S ') && !begins(line, '#')) throw new AssuanError('unexpected line');
  }
  throw new AssuanError('too many lines');
}

function begins(line: Buffer, keyword: string): boolean {
  return line.subarray(0, keyword.length).equals(Buffer.from(keyword));
}

function errorCode(line: Buffer): number {
  return Number.parseInt(line.toString('latin1', 4, 16), 10) & 0xffff;
}

/** Appends the data of a D line, and wipes the buffers that it came from. */
function append(data: Buffer, line: Buffer): Buffer {
  const more = unescapeAssuan(line.subarray(2));
  const both = Buffer.alloc(data.length + more.length);
  data.copy(both);
  more.copy(both, data.length);
  for (const used of [data, more, line]) used.fill(0);
  if (both.length <= DATA_MAX) return both;
  both.fill(0);
  throw new AssuanError('too much data');
}

async function* readLines(input: Readable): AsyncGenerator<Buffer, void> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of input as AsyncIterable<Buffer>) {
    const before = rest;
    rest = Buffer.concat([before, chunk]);
    before.fill(0);
    chunk.fill(0);
    for (let end = rest.indexOf(LINE_FEED); end !== -1; end = rest.indexOf(LINE_FEED)) {
      if (end > ASSUAN_LINE_MAX) throw new AssuanError('line too long');
      yield rest.subarray(0, end);
      rest = rest.subarray(end + 1);
    }
    if (rest.length > ASSUAN_LINE_MAX) throw new AssuanError('line too long');
  }
}

function hexadecimal(line: Uint8Array, at: number): number {
  const digits = String.fromCharCode(line[at] ?? 0, line[at + 1] ?? 0);
  if (!/^[0-9A-Fa-f]{2}$/.test(digits)) throw new AssuanError('broken percent-encoding');
  return Number.parseInt(digits, 16);
}
