/** Small files of this user's own, owner only, that a power cut cannot tear. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { platform } from '../platform/current.ts';

/**
 * Replaces a file. It is written under another name, synced, renamed, and its folder synced: after a power cut it has the old
 * content or the new. The other name begins with a dot.
 */
export async function writeDurably(folder: string, name: string, content: string | Uint8Array): Promise<void> {
  const temporary = join(folder, `.${name}.${randomBytes(6).toString('hex')}`);
  try {
    await writeSynced(temporary, 'wx', content);
    await rename(temporary, join(folder, name));
  } catch (error) {
    await unlink(temporary).catch(() => {}); // the first failure is what is told
    throw error;
  }
  await platform.syncFolder(folder);
}

/** Adds to the end of a file, which is made if need be, as its folder is. A power cut may tear what is added. */
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
