/**
 * Locks between the processes of one user. A lock is a file that names its holder by process id and start time. So the lock of
 * a process that was killed is free, even if a new process has the same id.
 */

import { createHash } from 'node:crypto';
import { link, mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { platform } from '../platform/current.ts';
import type { Locks } from '../ports/records.ts';
import type { TokenIdentity } from '../ports/token.ts';

const POLL_MS = 100;
/** How long to wait for another process to release the token, before the error ERR_TOKEN_BUSY. */
const TOKEN_WAIT_MS = 30_000;

/** @param folder in the state folder; created with access for its owner only */
export function createLocks(folder: string): Locks {
  const hold: Locks['hold'] = async (name, busy, waitMs, signal) => {
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch(unwritable);
    const file = join(folder, `${name}.lock`);
    const holder = platform.processIdentity(process.pid) ?? String(process.pid);
    for (let waitedMs = 0; ; waitedMs += POLL_MS) {
      if (await take(file, holder).catch(unwritable)) return () => release(file, holder);
      if (waitedMs >= waitMs) throw busy;
      await sleep(POLL_MS, undefined, { signal });
    }
  };
  return {
    hold,
    holdToken: (token, signal) => {
      const busy = new AgentError('ERR_TOKEN_BUSY', { label: token.label });
      return hold(`token-${nameOf(token)}`, busy, TOKEN_WAIT_MS, signal);
    },
  };
}

/** The name leaves the module out, so that a token that two modules show has one lock. */
function nameOf({ label, serialNumber, model, manufacturer }: TokenIdentity): string {
  return createHash('sha256')
    .update(JSON.stringify([label, serialNumber, model, manufacturer]))
    .digest('hex')
    .slice(0, 32);
}

/** Whether a running process holds the lock. */
export async function isHeld(folder: string, name: string): Promise<boolean> {
  const holder = await readFile(join(folder, `${name}.lock`), 'utf8').catch(() => undefined);
  return holder !== undefined && isAliveHolder(holder);
}

function unwritable(error: NodeJS.ErrnoException): never {
  throw new AgentError('ERR_INTERNAL_STATE_UNWRITABLE', { reason: error.code ?? '' }, error);
}

let counter = 0;

/** Creates the lock file by link(2). link(2) fails if the name exists, and the file appears with its whole content at once. */
async function take(file: string, holder: string): Promise<boolean> {
  const own = `${file}.${process.pid}-${counter++}`;
  await writeFile(own, holder, { mode: 0o600 });
  try {
    await link(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // If the holder was killed, the lock is free: try once more at once, because the caller may not wait.
    return (await dropIfDead(file)) && (await isLinked(own, file));
  } finally {
    await unlink(own);
  }
}

const isLinked = (own: string, file: string): Promise<boolean> =>
  link(own, file).then(
    () => true,
    () => false,
  );

/** Deletes the lock file of a process that no longer runs. Returns whether the lock may be free now. */
async function dropIfDead(file: string): Promise<boolean> {
  const holder = await readFile(file, 'utf8').catch(() => undefined);
  if (holder !== undefined && isAliveHolder(holder)) return false;
  if (holder === undefined) return true;
  // The file is renamed before it is deleted. If another process took the lock in between, its file is the one renamed: it is
  // recognized by its content and linked back.
  const aside = `${file}.dead-${process.pid}-${counter++}`;
  await rename(file, aside).catch(() => {});
  const moved = await readFile(aside, 'utf8').catch(() => holder);
  if (moved !== holder) await link(aside, file).catch(() => {});
  await unlink(aside).catch(() => {});
  return moved === holder;
}

async function release(file: string, holder: string): Promise<void> {
  if ((await readFile(file, 'utf8').catch(() => undefined)) === holder) await unlink(file).catch(() => {});
}

function isAliveHolder(holder: string): boolean {
  return holder === platform.processIdentity(Number(holder.split(' ')[0]));
}
