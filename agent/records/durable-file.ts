/** Writes small files durably (fsync), so that a power cut cannot tear them. Only the owner may read them (0600). */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { platform } from '../platform/current.ts';

/**
 * Replaces a file: writes a temporary file, syncs it, renames it, and syncs the folder. After a power cut the file has the old
 * content or the new content. The name of the temporary file begins with a dot.
 */
export async function writeDurably(folder: string, name: string, content: string | Uint8Array): Promise<void> {
  const temporary = join(folder, `.${name}.${randomBytes(6).toString('hex')}`);
  try {
    await writeSynced(temporary, 'wx', content);
    await rename(temporary, join(folder, name));
  } catch (error) {
    await unlink(temporary).catch(() => {}); // the first error is the one to report
    throw error;
  }
  await platform.syncFolder(folder);
}

/** Appends to a file. Creates the file and its folder if they do not exist. A power cut may tear the appended text. */
export async function appendDurably(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeSynced(file, 'a', text);
  await platform.syncFolder(dirname(file));
}

async function writeSynced(path: string, flags: 'wx' | 'a', content: string | Uint8Array): Promise<void> {
  const file = await open(path, flags, 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}
