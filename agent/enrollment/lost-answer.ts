/**
 * A request whose answer was lost, and the new order that the bank then gave: it goes on with the same key. The CA either
 * issues for it, or answers with the certificate that it issued before; what comes is checked like any answer.
 */

import { AgentError, asAgentError } from '../../web-bridge/protocol/errors.ts';
import type { KeyType } from '../../web-bridge/protocol/order.ts';
import type { Plan } from '../ports/plan.ts';
import type { Ports } from '../ports/ports.ts';
import type { JournalEntry } from '../ports/records.ts';
import type { StateOf } from '../ports/state.ts';
import type { TokenDescription } from '../ports/token.ts';
import { holdEnrollment } from './locks.ts';
import { isSameToken } from './remaining-keys.ts';

type LostState =
  | StateOf<'sent'>
  | (StateOf<'failed'> & { readonly leftover: NonNullable<StateOf<'failed'>['leftover']> });
export type Lost = {
  readonly entry: JournalEntry & { readonly state: LostState };
  readonly token: TokenDescription;
  readonly keyType: KeyType;
};
/** Where an enrollment begins: with nothing, with a key, or with a request that is signed already. */
export type Beginning = StateOf<'consented' | 'key-generated' | 'csr-signed'>;

/** The latest of this account whose key lies on a token at hand and is of a kind that is ordered. */
export async function findLost(
  plan: Plan,
  tokens: readonly TokenDescription[],
  { journal }: Pick<Ports, 'journal'>,
): Promise<Lost | undefined> {
  const entries = await journal.list();
  for (const entry of entries.toReversed()) {
    const { state } = entry;
    if (!isLost(state) || !hasSameIntent(state.plan, plan)) continue;
    if (isTaken(entry, ckaIdOf(state), entries)) continue;
    const token = tokens.find((token) => isSameToken(token, tokenOf(state)));
    // The plan that was consented to names the one type that was made.
    const keyType = state.plan.keys[0];
    if (token && keyType && plan.keys.includes(keyType)) return { entry: { ...entry, state }, token, keyType };
  }
  return undefined;
}

/** The same account of the same bank, to the same end. */
export function hasSameIntent(one: Plan, other: Plan): boolean {
  const ends = [one, other].map(({ origin, profile, account, purpose, replaces }) =>
    JSON.stringify([origin, profile, account.id, purpose, replaces?.issuer, replaces?.serialNumber]),
  );
  return ends[0] === ends[1];
}

/**
 * The same bytes where the same is ordered, since a CA may know a request by them (RFC 7030 §4.2.3 has a client send the
 * same again); else a request newly signed by the same key.
 */
export function beginWith(
  { entry: { state: older } }: Lost,
  { plan, token }: Pick<Beginning, 'plan' | 'token'>,
): Beginning {
  const common = { plan, token, ckaId: ckaIdOf(older), sentBefore: true } as const;
  if (older.name === 'failed') return { name: 'consented', ...common };
  const { key, csr } = older;
  return ordersTheSame(older.plan, plan)
    ? { name: 'csr-signed', ...common, key, csr }
    : { name: 'key-generated', ...common, key };
}

function ordersTheSame(one: Plan, other: Plan): boolean {
  const requests = [one, other].map(({ subject, extensions }) => JSON.stringify([subject, extensions]));
  return requests[0] === requests[1];
}

/**
 * Writes the new enrollment, then ends the older one, under the older one's lock: a key has one enrollment that is open.
 * @throws AgentError ERR_BRIDGE_BUSY where somebody goes on with the older one
 */
export async function takeOver(
  { entry: older }: Pick<Lost, 'entry'>,
  begin: () => Promise<void>,
  { journal, locks, clock }: Pick<Ports, 'journal' | 'locks' | 'clock'>,
  signal: AbortSignal,
): Promise<JournalEntry> {
  const unlock = await holdEnrollment(locks, older.enrollment, signal, 0);
  try {
    if ((await journal.read(older.enrollment))?.updatedAt !== older.updatedAt) throw new AgentError('ERR_BRIDGE_BUSY');
    await begin();
    const ended = { ...older, state: endedBy(older.state), updatedAt: clock.now() };
    await journal.write(ended);
    await journal.eraseSecret(older.enrollment);
    await journal.release(older.enrollment);
    return ended;
  } finally {
    await unlock();
  }
}

/** What a crash left of a take-over: the newer enrollment is there, and the older one was not ended. */
export async function endTakenOver(ports: Ports, signal: AbortSignal): Promise<void> {
  const entries = await ports.journal.list();
  for (const entry of entries) {
    const { state } = entry;
    if (!isLost(state) || !isTaken(entry, ckaIdOf(state), entries)) continue;
    // Busy: the take-over goes on this very moment, in another process.
    await takeOver({ entry: { ...entry, state } }, async () => {}, ports, signal).catch((error: unknown) =>
      ports.report('enrollment: an older one that was taken over is not ended', { code: asAgentError(error).code }),
    );
  }
}

function isTaken(older: JournalEntry, ckaId: Uint8Array, entries: readonly JournalEntry[]): boolean {
  return entries.some((newer) => newer.startedAt > older.startedAt && hasKey(newer, ckaId));
}

function endedBy(state: LostState): StateOf<'failed'> {
  if (state.name === 'failed') return { ...state, leftover: undefined };
  return { name: 'failed', plan: state.plan, at: 'sent', code: 'ERR_CA_ANSWER_LOST', details: {}, leftover: undefined };
}

function isLost(state: JournalEntry['state']): state is LostState {
  return state.name === 'sent' || (state.name === 'failed' && state.leftover?.maybeCertified === true);
}

function ckaIdOf(state: LostState): Uint8Array {
  return state.name === 'sent' ? state.ckaId : state.leftover.ckaId;
}

function tokenOf(state: LostState): StateOf<'sent'>['token'] {
  return state.name === 'sent' ? state.token : state.leftover.token;
}

function hasKey({ state }: JournalEntry, ckaId: Uint8Array): boolean {
  const own = 'ckaId' in state ? state.ckaId : state.leftover?.ckaId;
  return own !== undefined && Buffer.compare(own, ckaId) === 0;
}
