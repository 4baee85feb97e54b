/**
 * The journal: one file an enrollment, holding its latest state; owner only, readable by people. Written, fsynced,
 * renamed, and the folder fsynced, so that after a power cut the file holds the old state or the new one, never half.
 * Beside it, while it is needed, the authorization's file: the one secret on disk; and a reserve, space that was taken
 * before the first act, so that a disk which fills up meanwhile stops no enrollment in the middle.
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

const VERSION = 1;
const ENTRY = /^([A-Za-z0-9_-]{22})\.json$/;
const BESIDE = /^([A-Za-z0-9_-]{22})\.(authorization|reserve)$/;
const TEMPORARY = /^\.[A-Za-z0-9_-]{22}\.(json|authorization|reserve)\.[0-9a-f]{12}$/;
/** A write takes milliseconds: a file of this age that belongs to no enrollment is what a crash left. */
const STRAY_LIVES_MS = 10_000;
/** A reserve is taken before the human is asked, who may take a while. */
const RESERVE_LIVES_MS = 3_600_000;
/** More than the states of one enrollment, which replace each other: profile, request and sixteen certificates. */
const RESERVE_BYTES = 256 * 1024;
const DISK_IS_FULL: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT']);

type Report = (fact: string, details: Readonly<Record<string, unknown>>) => void;

/**
 * Opens the journal in `folder`, which is made if need be. Torn and foreign files are set aside and reported.
 * @throws AgentError ERR_INTERNAL_STATE_UNWRITABLE: before the first act, not in the middle
 */
export async function openJournal(folder: string, report: Report): Promise<Journal> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(unwritable);
  await probe(folder).catch(unwritable);
  const read = (name: string) => readEntry(folder, name, report);
  const readIfNew = remembering(folder, read);
  return {
    read: (enrollment) => read(`${enrollment}.json`),
    async list() {
      const entries = await readIfNew(await namesLike(folder, ENTRY));
      return entries.filter((entry) => entry !== undefined).sort((a, b) => a.startedAt - b.startedAt);
    },
    // Random, since some file systems keep no space for zeros.
    reserve: (enrollment) =>
      writeDurably(folder, `${enrollment}.reserve`, randomBytes(RESERVE_BYTES)).catch(unwritable),
    release: (enrollment) => unlink(join(folder, `${enrollment}.reserve`)).catch(missing),
    write: (entry) => writeAtAnyCost(folder, entry).catch(unwritable),
    keepSecret: (enrollment, secret) => writeDurably(folder, `${enrollment}.authorization`, secret).catch(unwritable),
    secret: (enrollment) => readFile(join(folder, `${enrollment}.authorization`), 'utf8').catch(missing),
    eraseSecret: async (enrollment) => {
      await unlink(join(folder, `${enrollment}.authorization`)).catch(missing);
      await platform.syncFolder(folder);
    },
    async eraseAbandoned() {
      const names = await readdir(folder);
      const entries = new Set(names.map((name) => ENTRY.exec(name)?.[1]));
      const beside = names.filter((name) => BESIDE.test(name) && !entries.has(BESIDE.exec(name)?.[1]));
      const stray = await abandoned(folder, [...beside, ...names.filter((name) => TEMPORARY.test(name))]);
      await Promise.all(stray.map((name) => unlink(join(folder, name)).catch(missing)));
    },
  };
}

type Read = (name: string) => Promise<JournalEntry | undefined>;

/** A file is replaced and never changed, so one that is the same to the nanosecond is read once. */
function remembering(folder: string, read: Read): (names: readonly string[]) => Promise<(JournalEntry | undefined)[]> {
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

/** What a crash left behind, which may hold an authorization; what is young may be another process's work. */
async function abandoned(folder: string, names: readonly string[]): Promise<string[]> {
  const written = await Promise.all(names.map((name) => stat(join(folder, name)).catch(missing)));
  const livesMs = (name: string) => (name.endsWith('.reserve') ? RESERVE_LIVES_MS : STRAY_LIVES_MS);
  return names.filter((name, index) => Date.now() - (written[index]?.mtimeMs ?? 0) > livesMs(name));
}

/** Under a name of its own: several processes of this user may open the journal at once. */
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
  report('journal: a file that is not ours or was torn is set aside', { file: aside });
  return undefined;
}

/** Bytes become `{ "base64": "…" }`, so that the file stays JSON that people can read. */
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

/** On a full disk the enrollment's own reserve is given up for its state. */
async function writeAtAnyCost(folder: string, entry: JournalEntry): Promise<void> {
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
