/** Who could have changed a file: what others may write is nobody's word. POSIX only; elsewhere the caller says "not run". */
import { lstat, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';

const GROUP_OR_OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/**
 * The first reason not to trust `path`, or `undefined`: the file and every folder above it must belong to root or to the
 * user, and neither group nor others may write to them. A sticky folder above (/tmp) passes: in it, others cannot
 * replace what is ours. Links are resolved first.
 */
export async function ownershipFlaw(path: string): Promise<string | undefined> {
  const real = await realpath(path);
  const file = await flawOf(real, false);
  if (file) return file;
  const flaws = await Promise.all(foldersAbove(real).map((folder) => flawOf(folder, true)));
  return flaws.find((flaw) => flaw !== undefined);
}

/** The nearest first. */
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
