/** Keys that ended enrollments left behind: taken away when the human has logged in to that token anyway. */

import { asAgentError } from '../../web-bridge/protocol/errors.ts';
import type { Ports } from '../ports/ports.ts';
import type { JournalEntry } from '../ports/records.ts';
import type { RemainingKey, StateOf } from '../ports/state.ts';
import type { TokenIdentity, TokenSession } from '../ports/token.ts';

type Over = JournalEntry & { readonly state: StateOf<'failed' | 'abandoned'> };

/** After these the CA may have a certificate for the key, though none that we could take: the key is never destroyed. */
const MAYBE_ISSUED = /^ERR_(CERTIFICATE_|CA_ANSWER_|CA_PENDING_)/;

export function mayBeIssued(code: string): boolean {
  return MAYBE_ISSUED.test(code);
}

/** No PIN is asked for this; what cannot be taken away stays in the journal. */
export async function destroyRemainingKeys(session: TokenSession, token: TokenIdentity, ports: Ports): Promise<void> {
  for (const entry of await ports.journal.list()) {
    if (isOver(entry) && entry.state.leftover && isSameToken(entry.state.leftover.token, token))
      await destroyOwnKey(session, entry, ports);
  }
}

/** The key of this enrollment, whose end is journaled. */
export async function destroyOwnKey(session: TokenSession, entry: JournalEntry, ports: Ports): Promise<void> {
  if (!isOver(entry) || !entry.state.leftover || entry.state.leftover.maybeCertified) return;
  if (entry.state.name === 'failed' && mayBeIssued(entry.state.code)) return;
  await clear(session, entry, entry.state.leftover, ports);
}

async function clear(
  session: TokenSession,
  entry: Over,
  leftover: NonNullable<RemainingKey>,
  ports: Ports,
): Promise<void> {
  try {
    const { left } = await session.destroy(leftover.ckaId);
    if (left > 0)
      return ports.report('enrollment: a key that was left behind is still there', {
        enrollment: entry.enrollment,
        left,
      });
    await ports.journal.write({
      ...entry,
      state: { ...entry.state, leftover: undefined },
      updatedAt: ports.clock.now(),
    });
  } catch (error) {
    ports.report('enrollment: a key that was left behind stays', {
      enrollment: entry.enrollment,
      code: asAgentError(error).code,
    });
  }
}

function isOver(entry: JournalEntry): entry is Over {
  return entry.state.name === 'failed' || entry.state.name === 'abandoned';
}

/** By what the token says of itself, whichever module or slot shows it. */
export function isSameToken(one: TokenIdentity, other: TokenIdentity): boolean {
  return one.label === other.label && one.serialNumber === other.serialNumber && one.model === other.model;
}
