/**
 * The last reminder of each certificate: a file with one line, named by the certificate's SHA-256. A reminder is never worth
 * an error. A file that cannot be read counts as no reminder. A reminder that cannot be written is kept in memory until the
 * process ends.
 */

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { CertificateDer } from '../../web-bridge/asn1/der.ts';
import type { Reminder, ReminderBook } from '../ports/records.ts';
import { writeDurably } from './durable-file.ts';

const NAME = /^[0-9a-f]{64}$/;
const TEMPORARY = /^\.[0-9a-f]{64}\.[0-9a-f]{12}$/;
/** A write takes milliseconds. So a crash left a temporary file that is older than this. */
const ABANDONED_AFTER_MS = 10_000;
const LINE = /^(open|expired-allowed|removed) (\d{1,16})\n$/;

type Report = (fact: string, details: Readonly<Record<string, unknown>>) => void;

/** @param folder in the state folder; created when the first reminder is written */
export function openReminderBook(folder: string, report: Report): ReminderBook {
  const unwritten = new Map<string, Reminder>();
  return {
    async last(certificate) {
      const name = nameOf(certificate);
      return unwritten.get(name) ?? (await read(folder, name, report));
    },
    async write(certificate, reminder) {
      const name = nameOf(certificate);
      unwritten.set(name, reminder);
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await writeDurably(folder, name, `${reminder.about} ${reminder.at}\n`);
        unwritten.delete(name);
      } catch (error) {
        report('reminders: a reminder is not written, and is lost at the next start', { code: codeOf(error) });
      }
    },
    async keepOnly(certificates) {
      const kept = new Set(certificates.map(nameOf));
      await prune(folder, kept).catch((error: unknown) => {
        if (codeOf(error) !== 'ENOENT') report('reminders: old files cannot be deleted', { code: codeOf(error) });
      });
    },
  };
}

function nameOf(certificate: CertificateDer): string {
  return createHash('sha256').update(certificate).digest('hex');
}

async function read(folder: string, name: string, report: Report): Promise<Reminder | undefined> {
  try {
    const [, about, at] = LINE.exec(await readFile(join(folder, name), 'utf8')) ?? [];
    if (about !== undefined) return { about: about as Reminder['about'], at: Number(at) };
    report('reminders: a torn or foreign file is ignored', { file: name });
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') report('reminders: a file cannot be read', { file: name, code: codeOf(error) });
  }
  return undefined;
}

async function prune(folder: string, kept: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (NAME.test(name) ? !kept.has(name) : TEMPORARY.test(name) && (await isAbandoned(path))) await unlink(path);
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  return Date.now() - (await stat(path)).mtimeMs > ABANDONED_AFTER_MS;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
