/**
 * The journal: one JSON file for each enrollment, with its latest state. After a power cut a file holds the old state or the
 * new one, because it is written as in `durable-file.ts`.
 *
 * Two further files may lie beside it. `.authorization` holds the one-time secret for the CA, the only secret on disk. It is
 * erased as soon as it is not needed. `.reserve` holds disk space. It is written before the first step, and deleted for the sake
 * of the state when the disk is full. So a full disk does not stop an enrollment halfway.
 */

import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { STATE_NAMES } from '../../web-bridge/protocol/methods.ts';
import { platform } from '../platform/current.ts';
import type { Journal, JournalEntry } from '../ports/records.ts';
import { writeDurably } from './durable-file.ts';
import { parseWithBytes, stringifyWithBytes } from './json-bytes.ts';
import { isOpen } from './states.ts';

const VERSION = 1;
const ENTRY = /^([A-Za-z0-9_-]{22})\.json$/;
const COMPANION = /^([A-Za-z0-9_-]{22})\.(authorization|reserve)$/;
const TEMPORARY = /^\.[A-Za-z0-9_-]{22}\.(json|authorization|reserve)\.[0-9a-f]{12}$/;
/** A write takes milliseconds. So a crash left a file that is older than this and belongs to no enrollment. */
const ABANDONED_AFTER_MS = 10_000;
/** A reserve is written before the human is asked for consent, and the human may take a while. */
const RESERVE_ABANDONED_AFTER_MS = 3_600_000;
/** More than the largest state: the plan, the request and sixteen certificates. */
const RESERVE_BYTES = 256 * 1024;
const DISK_IS_FULL: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT']);

type Report = (fact: string, details: Readonly<Record<string, unknown>>) => void;

/**
 * Opens the journal in `folder`, and creates the folder if it does not exist. A torn or foreign file is renamed and logged. The
 * journal tries a write here, so that an unwritable folder is an error before the first step.
 * @throws AgentError ERR_INTERNAL_STATE_UNWRITABLE
 */
export async function openJournal(folder: string, report: Report): Promise<Journal> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(unwritable);
  await probe(folder).catch(unwritable);
  const read = (name: string) => readEntry(folder, name, report);
  const readChanged = cached(folder, read);
  const list = async (): Promise<JournalEntry[]> => {
    const entries = await readChanged(await namesLike(folder, ENTRY));
    return entries.filter((entry) => entry !== undefined).sort((a, b) => a.startedAt - b.startedAt);
  };
  return {
    read: (enrollment) => read(`${enrollment}.json`),
    list,
    // Random bytes, because some file systems allocate no space for zeros.
    reserve: (enrollment) =>
      writeDurably(folder, `${enrollment}.reserve`, randomBytes(RESERVE_BYTES)).catch(unwritable),
    release: (enrollment) => unlink(join(folder, `${enrollment}.reserve`)).catch(missing),
    write: (entry) => writeEntry(folder, entry).catch(unwritable),
    keepSecret: (enrollment, secret) => writeDurably(folder, `${enrollment}.authorization`, secret).catch(unwritable),
    secret: (enrollment) => readFile(join(folder, `${enrollment}.authorization`), 'utf8').catch(missing),
    eraseSecret: async (enrollment) => {
      await unlink(join(folder, `${enrollment}.authorization`)).catch(missing);
      await platform.syncFolder(folder);
    },
    async eraseAbandoned() {
      const names = await readdir(folder);
      const entries = new Set(names.map((name) => ENTRY.exec(name)?.[1]));
      const ended = new Set((await list()).filter(({ state }) => !isOpen(state)).map(({ enrollment }) => enrollment));
      const companions = names.filter((name) => COMPANION.test(name));
      const enrollmentOf = (name: string) => COMPANION.exec(name)?.[1] ?? '';
      const orphans = companions.filter((name) => !entries.has(enrollmentOf(name)));
      const notNeeded = companions.filter((name) => ended.has(enrollmentOf(name)));
      const old = await abandoned(folder, [...orphans, ...names.filter((name) => TEMPORARY.test(name))]);
      await Promise.all([...notNeeded, ...old].map((name) => unlink(join(folder, name)).catch(missing)));
    },
  };
}

type Read = (name: string) => Promise<JournalEntry | undefined>;

/** Reads a file again only if it was replaced: its inode, its mtime (in nanoseconds) or its size then differs. */
function cached(folder: string, read: Read): (names: readonly string[]) => Promise<(JournalEntry | undefined)[]> {
  let known = new Map<string, { readonly stamp: string; readonly entry: JournalEntry | undefined }>();
  return async (names) => {
    const found = await Promise.all(
      names.map(async (name) => {
        const stamp = await stampOf(join(folder, name));
        const same = known.get(name);
        return same?.stamp === stamp ? same : { stamp, entry: await read(name) };
      }),
    );
    known = new Map(names.flatMap((name, index) => (found[index] ? [[name, found[index]]] : [])));
    return found.map(({ entry }) => entry);
  };
}

async function stampOf(path: string): Promise<string> {
  const file = await stat(path, { bigint: true }).catch(missing);
  return file ? `${file.ino} ${file.mtimeNs} ${file.size}` : '';
}

async function namesLike(folder: string, pattern: RegExp): Promise<string[]> {
  return (await readdir(folder)).filter((name) => pattern.test(name));
}

/** Those of the files that are old enough. A younger file may be the work of another process at this moment. */
async function abandoned(folder: string, names: readonly string[]): Promise<string[]> {
  const written = await Promise.all(names.map((name) => stat(join(folder, name)).catch(missing)));
  const limitMs = (name: string) => (name.endsWith('.reserve') ? RESERVE_ABANDONED_AFTER_MS : ABANDONED_AFTER_MS);
  return names.filter((name, index) => Date.now() - (written[index]?.mtimeMs ?? 0) > limitMs(name));
}

/** Tries a write. The name is random, because several processes of this user may open the journal at the same time. */
async function probe(folder: string): Promise<void> {
  const name = `.probe-${randomBytes(6).toString('hex')}`;
  await writeDurably(folder, name, '');
  await unlink(join(folder, name));
}

async function readEntry(folder: string, name: string, report: Report): Promise<JournalEntry | undefined> {
  const text = await readFile(join(folder, name), 'utf8').catch(missing);
  if (text === undefined) return undefined;
  const entry = decode(text);
  if (entry && `${entry.enrollment}.json` === name) return entry;
  const aside = `${name}.set-aside-${Date.now()}`;
  await rename(join(folder, name), join(folder, aside));
  report('journal: a torn or foreign file was renamed', { file: aside });
  return undefined;
}

function encode(entry: JournalEntry): string {
  return `${stringifyWithBytes({ version: VERSION, ...entry }, 2)}\n`;
}

function decode(text: string): JournalEntry | undefined {
  try {
    const { version, ...entry } = parseWithBytes(text) as JournalEntry & { version: unknown };
    return version === VERSION && isEntry(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(entry: Partial<JournalEntry>): boolean {
  const { enrollment, startedAt, updatedAt, state } = entry;
  if (typeof enrollment !== 'string' || typeof startedAt !== 'number' || typeof updatedAt !== 'number') return false;
  return typeof state === 'object' && typeof state.plan === 'object' && STATE_NAMES.includes(state.name);
}

/** On a full disk, deletes the enrollment's own reserve and tries again. */
async function writeEntry(folder: string, entry: JournalEntry): Promise<void> {
  const write = () => writeDurably(folder, `${entry.enrollment}.json`, encode(entry));
  try {
    await write();
  } catch (error) {
    if (!DISK_IS_FULL.has((error as NodeJS.ErrnoException).code)) throw error;
    await unlink(join(folder, `${entry.enrollment}.reserve`)).catch(missing);
    await write();
  }
}

function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT')
    throw new AgentError('ERR_INTERNAL_STATE_UNWRITABLE', { reason: error.code ?? '' }, error);
  return undefined;
}

function unwritable(error: NodeJS.ErrnoException): never {
  throw new AgentError('ERR_INTERNAL_STATE_UNWRITABLE', { reason: error.code ?? '' }, error);
}
