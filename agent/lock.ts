/**
 * Locks between processes of one user: `serve` and the CLI share one per token and per enrollment. A lock is a file that
 * names its holder by process id and start time, so that a holder that was killed holds nothing.
 */
import { link, mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Locks } from './enrollment/ports.ts';

const POLL_MS = 100;

/** @param folder owner-only, in the state folder */
export function createLocks(folder: string): Locks {
  return {
    async hold(name, busy, waitMs, signal) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const file = join(folder, `${name}.lock`);
      const holder = await describe(process.pid);
      for (let waitedMs = 0; ; waitedMs += POLL_MS) {
        if (await take(file, holder)) return () => release(file, holder);
        if (waitedMs >= waitMs) throw busy;
        await sleep(POLL_MS, undefined, { signal });
      }
    },
  };
}

/** Whether a process that lives holds the lock now. */
export async function isHeld(folder: string, name: string): Promise<boolean> {
  const holder = await readFile(join(folder, `${name}.lock`), 'utf8').catch(() => undefined);
  return holder !== undefined && (await isAliveHolder(holder));
}

let uses = 0;

/** link(2) fails where the name exists and never shows a half-written file: the whole content appears at once. */
async function take(file: string, holder: string): Promise<boolean> {
  const own = `${file}.${process.pid}-${uses++}`;
  await writeFile(own, holder, { mode: 0o600 });
  try {
    await link(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    await dropIfDead(file);
    return false;
  } finally {
    await unlink(own);
  }
}

async function dropIfDead(file: string): Promise<void> {
  const holder = await readFile(file, 'utf8').catch(() => undefined);
  if (holder === undefined || (await isAliveHolder(holder))) return;
  // Moved away first: had another process taken the lock meanwhile, its own would be moved, is seen and put back.
  const aside = `${file}.dead-${process.pid}-${uses++}`;
  await rename(file, aside).catch(() => {});
  const moved = await readFile(aside, 'utf8').catch(() => holder);
  if (moved !== holder) await link(aside, file).catch(() => {});
  await unlink(aside).catch(() => {});
}

async function release(file: string, holder: string): Promise<void> {
  if ((await readFile(file, 'utf8').catch(() => undefined)) === holder) await unlink(file).catch(() => {});
}

async function isAliveHolder(holder: string): Promise<boolean> {
  return holder === (await describe(Number(holder.split(' ')[0])));
}

/** "pid start-time" (proc(5), field 22 of stat); without /proc the process id has to do. */
async function describe(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat !== undefined) return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  return isAlive(pid) ? `${pid}` : 'nobody';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
