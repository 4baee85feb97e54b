/**
 * The orders of operations (log-in, removal) that must not be carried out again: one line for each order in one file. The line
 * is appended and synced before the operation acts. Enrollments need no line, because their journal entry holds the `jti`.
 */

import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Locks, SpentOrders } from '../ports/records.ts';
import { appendDurably, writeDurably } from './durable-file.ts';

const LINE = /^([A-Za-z0-9_-]{22,64}) (\d{1,16})$/;
/** From this number of lines on, a write drops the lines of expired orders. An order is valid for minutes. */
const KEPT_LINES = 256;
const LOCK_WAIT_MS = 10_000;

/** @param file in the state folder; created when the first order is spent */
export function openSpentOrders(file: string, locks: Locks, now: () => number): SpentOrders {
  return {
    async check(jti) {
      refuseSpent(await read(file), jti);
    },
    async spend(jti, until, signal) {
      const busy = new AgentError('ERR_BRIDGE_BUSY');
      const unlock = await locks.hold('spent-orders', busy, LOCK_WAIT_MS, signal);
      try {
        const text = await read(file);
        refuseSpent(text, jti);
        await write(file, text, `${jti} ${until}\n`, now()).catch(unwritable);
      } finally {
        await unlock();
      }
    },
  };
}

async function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' ? '' : unwritable(error),
  );
}

/** @throws AgentError ERR_POLICY_ORDER_USED */
function refuseSpent(text: string, jti: string): void {
  if (text.split('\n').some((line) => LINE.exec(line)?.[1] === jti)) throw new AgentError('ERR_POLICY_ORDER_USED');
}

/** A last line without a newline was torn by a crash, before its operation acted. Then the new line begins with a newline. */
async function write(file: string, text: string, line: string, now: number): Promise<void> {
  const lines = text.split('\n').filter((one) => one !== '');
  if (lines.length < KEPT_LINES) return appendDurably(file, text === '' || text.endsWith('\n') ? line : `\n${line}`);
  const kept = lines.filter((one) => Number(LINE.exec(one)?.[2] ?? 0) > now);
  await writeDurably(dirname(file), basename(file), [...kept, line].join('\n'));
}

function unwritable(error: NodeJS.ErrnoException): never {
  throw new AgentError('ERR_INTERNAL_STATE_UNWRITABLE', { reason: error.code ?? '' }, error);
}
