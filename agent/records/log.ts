/**
 * The agent's log: lines of JSON in the state folder, readable by their owner only, rotated by size. It holds facts and error
 * codes. It never holds the body of an order or of a request. It does not hold the messages of foreign errors either, because a
 * parser's message may quote its input.
 */
import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AgentError } from '../../web-bridge/protocol/errors.ts';

const MAX_BYTES = 1024 * 1024;
const OLD_FILES = 3;
const MAX_TEXT = 2048;
const MAX_CAUSES = 4;

export type Details = Readonly<Record<string, unknown>>;
/** Writes one line. `cause` is the error behind the fact; it is written to the log and shown nowhere else. */
export type Report = (fact: string, details?: Details, cause?: unknown) => void;

/** Opens the log. A log that cannot be written is not an error. @param folder created if it does not exist, for its owner only */
export function openLog(folder: string): Report {
  const file = join(folder, 'inkan.log');
  return (fact, details = {}, cause) => {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      rotate(file);
      const line = JSON.stringify({
        at: new Date().toISOString(),
        pid: process.pid,
        fact,
        ...cleaned({ ...details, ...(cause === undefined ? {} : { cause }) }),
      });
      appendFileSync(file, `${line}\n`, { mode: 0o600 });
    } catch {
      // A full disk must not stop an enrollment here. The journal reports it when it cannot write.
    }
  };
}

function rotate(file: string): void {
  const { size } = statSync(file, { throwIfNoEntry: false }) ?? { size: 0 };
  if (size < MAX_BYTES) return;
  for (let age = OLD_FILES; age > 0; age -= 1) {
    const younger = age === 1 ? file : `${file}.${age - 1}`;
    if (statSync(younger, { throwIfNoEntry: false })) renameSync(younger, `${file}.${age}`);
  }
}

function cleaned(details: Details): Record<string, unknown> {
  return Object.fromEntries(Object.entries(details).map(([name, value]) => [name, cleanedValue(value)]));
}

function cleanedValue(value: unknown): unknown {
  if (value instanceof Error) return describeError(value, MAX_CAUSES);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return value.slice(0, MAX_TEXT);
  return value;
}

/** Name, code and stack of an error. The message only if it comes from a system call. */
function describeError(error: Error, depth: number): Record<string, unknown> {
  const { code, syscall } = error as NodeJS.ErrnoException;
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  return {
    name: error.name,
    ...(code === undefined ? {} : { code }),
    ...(syscall === undefined ? {} : { syscall, message: error.message.slice(0, MAX_TEXT) }),
    ...(error instanceof AgentError ? { details: error.details } : {}),
    at: frames.slice(0, 4).map((line) => line.trim()),
    ...(error.cause instanceof Error && depth > 0 ? { cause: describeError(error.cause, depth - 1) } : {}),
  };
}
