/** Keys without a certificate that ended enrollments left on a token. They are destroyed in a session that is open anyway. */

import { asAgentError } from '../../web-bridge/protocol/errors.ts';
import type { Ports } from '../ports/ports.ts';
import type { JournalEntry } from '../ports/records.ts';
import type { RemainingKey, StateOf } from '../ports/state.ts';
import type { TokenIdentity, TokenSession } from '../ports/token.ts';

type Ended = JournalEntry & { readonly state: StateOf<'failed' | 'abandoned'> };

/** After these errors the CA may have issued a certificate for the key, so that the key is never destroyed. */
const MAYBE_ISSUED = /^ERR_(CERTIFICATE_|CA_ANSWER_|CA_PENDING_)/;

export function mayBeIssued(code: string): boolean {
  return MAYBE_ISSUED.test(code);
}

/** Destroys what earlier enrollments left on this token. A key that cannot be destroyed stays in the journal. */
export async function destroyRemainingKeys(session: TokenSession, token: TokenIdentity, ports: Ports): Promise<void> {
  for (const entry of await ports.journal.list()) {
    if (hasEnded(entry) && entry.state.leftover && isSameToken(entry.state.leftover.token, token))
      await destroyOwnKey(session, entry, ports);
  }
}

/** Destroys the key of this enrollment, if it has ended and no certificate can exist for the key. */
export async function destroyOwnKey(session: TokenSession, entry: JournalEntry, ports: Ports): Promise<void> {
  if (!hasEnded(entry) || !entry.state.leftover || entry.state.leftover.maybeCertified) return;
  if (entry.state.name === 'failed' && mayBeIssued(entry.state.code)) return;
  await destroy(session, entry, entry.state.leftover, ports);
}

async function destroy(
  session: TokenSession,
  entry: Ended,
  leftover: NonNullable<RemainingKey>,
  ports: Ports,
): Promise<void> {
  try {
    const { left } = await session.destroy(leftover.ckaId);
    if (left > 0)
      return ports.report('enrollment: an unused key is still on the token', {
        enrollment: entry.enrollment,
        left,
      });
    await ports.journal.write({
      ...entry,
      state: { ...entry.state, leftover: undefined },
      updatedAt: ports.clock.now(),
    });
  } catch (error) {
    ports.report('enrollment: an unused key could not be destroyed', {
      enrollment: entry.enrollment,
      code: asAgentError(error).code,
    });
  }
}

function hasEnded(entry: JournalEntry): entry is Ended {
  return entry.state.name === 'failed' || entry.state.name === 'abandoned';
}

/** Compares what the tokens report of themselves, and not the module or slot that shows them. */
export function isSameToken(one: TokenIdentity, other: TokenIdentity): boolean {
  return one.label === other.label && one.serialNumber === other.serialNumber && one.model === other.model;
}
