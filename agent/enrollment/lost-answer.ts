/**
 * A lost answer: the request was sent, and it is not known whether the CA issued a certificate. The bank then gives a new order
 * for the same account. The enrollment of that order uses the same key. So the CA either issues a certificate now, or returns the
 * one that it has issued before. Its answer is checked as always.
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
/** An enrollment whose answer was lost, and whose key is on a token that is plugged in. */
export type LostEnrollment = {
  readonly entry: JournalEntry & { readonly state: LostState };
  readonly token: TokenDescription;
  readonly keyType: KeyType;
};
/** The first state of an enrollment: without a key, with the key of a lost enrollment, or with its signed request too. */
export type FirstState = StateOf<'consented' | 'key-generated' | 'csr-signed'>;

/** The latest such enrollment of the same account. Its key is on one of `tokens` and has a type that the order allows. */
export async function findLost(
  plan: Plan,
  tokens: readonly TokenDescription[],
  { journal }: Pick<Ports, 'journal'>,
): Promise<LostEnrollment | undefined> {
  const entries = await journal.list();
  for (const entry of entries.toReversed()) {
    const { state } = entry;
    if (!isLost(state) || !hasSameIntent(state.plan, plan)) continue;
    if (isTaken(entry, ckaIdOf(state), entries)) continue;
    const token = tokens.find((token) => isSameToken(token, tokenOf(state)));
    // After consent a plan holds one key type.
    const keyType = state.plan.keys[0];
    if (token && keyType && plan.keys.includes(keyType)) return { entry: { ...entry, state }, token, keyType };
  }
  return undefined;
}

/** Whether both plans have the same purpose for the same account of the same bank. */
export function hasSameIntent(one: Plan, other: Plan): boolean {
  const ends = [one, other].map(({ origin, profile, account, purpose, replaces }) =>
    JSON.stringify([origin, profile, account.id, purpose, replaces?.issuer, replaces?.serialNumber]),
  );
  return ends[0] === ends[1];
}

/**
 * The first state of the new enrollment. If both orders ask for the same subject and extensions, it keeps the signed request, so
 * that the CA gets the same bytes again and can recognize them (RFC 7030 §4.2.3). Otherwise the same key signs a new request.
 */
export function firstStateAfter(
  { entry: { state: older } }: LostEnrollment,
  { plan, token }: Pick<FirstState, 'plan' | 'token'>,
): FirstState {
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
 * Journals the new enrollment and ends the older one, while it holds the older one's lock. So one open enrollment has the key.
 * @throws AgentError ERR_BRIDGE_BUSY if another process works on the older one
 */
export async function takeOver(
  { entry: older }: Pick<LostEnrollment, 'entry'>,
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

/** Completes a {@link takeOver} that a crash interrupted: the new enrollment is journaled, the older one has not ended. */
export async function finishTakeOvers(ports: Ports, signal: AbortSignal): Promise<void> {
  const entries = await ports.journal.list();
  for (const entry of entries) {
    const { state } = entry;
    if (!isLost(state) || !isTaken(entry, ckaIdOf(state), entries)) continue;
    // It fails as busy while another process is doing the same take-over.
    await takeOver({ entry: { ...entry, state } }, async () => {}, ports, signal).catch((error: unknown) =>
      ports.report('enrollment: an older enrollment, whose key a newer one uses, could not be ended', {
        code: asAgentError(error).code,
      }),
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
