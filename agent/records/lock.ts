/**
 * Locks between processes of one user: `serve` and the CLI share one per token and per enrollment. A lock is a file that
 * names its holder by process id and start time, so that a holder that was killed holds nothing.
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
/** How long another process may keep the token before we say that it is busy. */
const TOKEN_WAIT_MS = 30_000;

/** @param folder owner-only, in the state folder */
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

/** Not the module: the same token seen through two modules is one token. */
function nameOf({ label, serialNumber, model, manufacturer }: TokenIdentity): string {
  return createHash('sha256')
    .update(JSON.stringify([label, serialNumber, model, manufacturer]))
    .digest('hex')
    .slice(0, 32);
}

/** Whether a process that lives holds the lock now. */
export async function isHeld(folder: string, name: string): Promise<boolean> {
  const holder = await readFile(join(folder, `${name}.lock`), 'utf8').catch(() => undefined);
  return holder !== undefined && isAliveHolder(holder);
}

/** A full disk, a folder that can only be read: told as such before anything is done. */
function unwritable(error: NodeJS.ErrnoException): never {
  throw new AgentError('ERR_INTERNAL_STATE_UNWRITABLE', { reason: error.code ?? '' }, error);
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
    // Of a process that was killed: free, and asked for once more, also by whoever does not wait.
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

/** Whether the lock may be free now. */
async function dropIfDead(file: string): Promise<boolean> {
  const holder = await readFile(file, 'utf8').catch(() => undefined);
  if (holder !== undefined && isAliveHolder(holder)) return false;
  if (holder === undefined) return true;
  // Moved away first: had another process taken the lock meanwhile, its own would be moved, is seen and put back.
  const aside = `${file}.dead-${process.pid}-${uses++}`;
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
