/** Whether another user could have changed a file, by its owner and mode (POSIX). */
import { lstat, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';

const GROUP_OR_OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/**
 * The first reason not to trust `path`, or `undefined`. The file and every folder above it must belong to root or to this user,
 * and neither group nor others may write to them. A folder above with the sticky bit (/tmp) is accepted, because others cannot
 * replace this user's files in it. Links are resolved first.
 */
export async function ownershipFlaw(path: string): Promise<string | undefined> {
  const real = await realpath(path);
  const file = await flawOf(real, false);
  if (file) return file;
  const flaws = await Promise.all(foldersAbove(real).map((folder) => flawOf(folder, true)));
  return flaws.find((flaw) => flaw !== undefined);
}

function foldersAbove(path: string): string[] {
  const folder = dirname(path);
  return folder === path ? [] : [folder, ...foldersAbove(folder)];
}

async function flawOf(path: string, stickyPasses: boolean): Promise<string | undefined> {
  const { uid, mode } = await lstat(path);
  if (uid !== 0 && uid !== process.getuid?.()) return `${path} belongs to another user`;
  if (stickyPasses && (mode & STICKY) !== 0) return undefined;
  return (mode & GROUP_OR_OTHERS_WRITE) === 0 ? undefined : `${path} may be written by others`;
}
