/**
 * The use case: one enrollment, from the human's consent to the proof made with the written certificate. Each step does
 * one thing in the world and answers the event that it was; the journal knows the next state before anybody else does.
 */

import type { CertificateDer } from '../../web-bridge/asn1/der.ts';
import { AgentError, asAgentError } from '../../web-bridge/protocol/errors.ts';
import { parseCertificate } from '../../web-bridge/x509/certificate.ts';
import { isSelfIssued } from '../../web-bridge/x509/chain.ts';
import { buildCsr } from '../../web-bridge/x509/csr.ts';
import type { Plan } from '../ports/plan.ts';
import type { Ports } from '../ports/ports.ts';
import type { JournalEntry } from '../ports/records.ts';
import type { OpenState, RemainingKey, State, StateOf } from '../ports/state.ts';
import type { KeyReference } from '../ports/token.ts';
import { isCancellable, isIssued, isOpen } from '../records/states.ts';
import { CaCertificates } from './ca-certificates.ts';
import type { Context } from './context.ts';
import { challengeOf } from './proof.ts';
import { destroyOwnKey, destroyRemainingKeys, mayBeIssued } from './remaining-keys.ts';
import { submit, submitAgain, waitLonger } from './submission.ts';
import { enrollmentSession } from './token-session.ts';
import { type Event, next } from './transition.ts';

export type RunOptions = {
  readonly ports: Ports;
  /** This run follows the human's consent: no earlier run can have left anything on the token. */
  readonly begun: boolean;
  /** Aborted by the human's or the page's cancel: it counts until the request is sent. */
  readonly cancelled: AbortSignal;
  /** Aborted when the agent ends: the enrollment stops where it stands and goes on at the next start. */
  readonly ending: AbortSignal;
  readonly announce: (state: State) => void;
};

type Steps = { readonly [N in OpenState['name']]: (state: StateOf<N>, context: Context) => Promise<Event> };

const STEPS: Steps = {
  consented: generate,
  'key-generated': signRequest,
  'csr-signed': async (_, { ports }) => ({ event: 'sending', sentAt: ports.clock.now() }),
  sent: submit,
  pending: submitAgain,
  issued: store,
  stored: prove,
};

/**
 * Goes on from the journal's state until the end.
 * @throws AgentError where the enrollment has to wait (for the token, the human, the CA): its state stays in the journal
 */
export async function runEnrollment(entry: JournalEntry, options: RunOptions): Promise<State> {
  const { ports, cancelled, ending } = options;
  const token = enrollmentSession(entry, ports, options.begun);
  const over = new AbortController();
  const caCertificates = certificatesOfCa(entry.state.plan, ports, AbortSignal.any([ending, over.signal]));
  let { state } = entry;
  let sending = false;
  try {
    while (isOpen(state)) {
      const signal = isCancellable(state) ? AbortSignal.any([cancelled, ending]) : ending;
      const context = { ports, enrollment: entry.enrollment, token, caCertificates, signal, sending };
      const { event, waitFor } = await attempt(state, context, cancelled);
      sending = event?.event === 'sending';
      if (event) state = await journal(entry, next(state, event), options);
      if (waitFor) throw waitFor;
    }
    const session = token.current();
    if (session && state.name === 'completed') await destroyRemainingKeys(session, state.token, ports);
    else if (session && !isOpen(state)) await destroyOwnKey(session, { ...entry, state }, ports);
    return state;
  } finally {
    over.abort();
    await token.close();
  }
}

function certificatesOfCa({ service, deadlines }: Plan, ports: Ports, signal: AbortSignal): CaCertificates {
  return new CaCertificates(() => ports.connectCa(service, deadlines.caMs).certificates(signal));
}

async function journal(entry: JournalEntry, state: State, { ports, announce }: RunOptions): Promise<State> {
  await ports.journal.write({ ...entry, state, updatedAt: ports.clock.now() });
  if (!isOpen(state) || isIssued(state)) await ports.journal.eraseSecret(entry.enrollment);
  if (!isOpen(state)) await ports.journal.release(entry.enrollment);
  announce(state);
  return state;
}

type Outcome = { readonly event?: Event; readonly waitFor?: AgentError };

async function attempt(state: OpenState, context: Context, cancelled: AbortSignal): Promise<Outcome> {
  try {
    context.signal.throwIfAborted();
    return { event: await step(state, context) };
  } catch (error) {
    if (cancelled.aborted && isCancellable(state))
      return { event: { event: 'abandoned', leftover: leftoverAfter(state, undefined, context) } };
    if (context.signal.aborted) return { waitFor: asAgentError(context.signal.reason) };
    return await settle(state, asAgentError(error), context);
  }
}

function step(state: OpenState, context: Context): Promise<Event> {
  // The table has a step for each state by its very name; TypeScript cannot follow the correlation.
  const run = STEPS[state.name] as (state: OpenState, context: Context) => Promise<Event>;
  return run(state, context);
}

async function generate({ ckaId, plan }: StateOf<'consented'>, { token, signal }: Context): Promise<Event> {
  const session = await token.use('enroll', signal);
  const label = `${plan.bank.en} ${plan.account.id}`;
  return { event: 'key-generated', key: await session.generate({ ckaId, label, keys: plan.keys }) };
}

async function signRequest(
  state: StateOf<'key-generated'>,
  { token, caCertificates, signal }: Context,
): Promise<Event> {
  const { plan, key } = state;
  // Not waited for: the CA has nothing to do while the token signs, and most answers need them.
  void caCertificates.ask();
  const session = await token.use('enroll', signal);
  const request = { spki: key.spki, keyType: key.keyType, subject: plan.subject, extensions: plan.extensions };
  const csr = await buildCsr(request, (info) => session.signRequest(keyOf(state), info));
  return { event: 'csr-signed', csr };
}

async function store(state: StateOf<'issued'>, { token, ports, signal }: Context): Promise<Event> {
  const { bank, account } = state.plan;
  // A new session asks for the PIN: after hours of waiting the person is somewhere else.
  if (!token.current()) ports.notify({ about: 'write-back', bank, account });
  const session = await token.use('write-back', signal);
  const label = `${bank.en} ${account.id}`;
  await session.store(keyOf(state), state.certificate, withoutRoot(state.chain), label);
  return { event: 'stored' };
}

/** Whoever trusts a root has it; on a card each certificate takes room and a second (RFC 5246 §7.4.2 leaves it out as well). */
function withoutRoot(chain: readonly CertificateDer[]): readonly CertificateDer[] {
  const top = chain.at(-1);
  return top && isSelfIssued(parseCertificate(top)) ? chain.slice(0, -1) : chain;
}

async function prove(state: StateOf<'stored'>, { ports, token, signal }: Context): Promise<Event> {
  const session = await token.use('write-back', signal);
  const proof = await session.prove(keyOf(state), state.certificate, challengeOf(state, ports.random(32)));
  return { event: 'proven', proof };
}

function keyOf({
  ckaId,
  key,
}: {
  readonly ckaId: Uint8Array;
  readonly key: { spki: KeyReference['spki']; keyType: KeyReference['keyType'] };
}): KeyReference {
  return { ckaId, spki: key.spki, keyType: key.keyType };
}

/** Not a byte of the request went out. */
const NOT_SENT: ReadonlySet<string> = new Set(['ERR_CA_UNREACHABLE', 'ERR_CA_TLS_UNTRUSTED']);
/**
 * The server says that it did not act: RFC 9110 §15.5.9 (not received whole), RFC 8470 §5.2 (too early), RFC 6585 §4 (too
 * many), RFC 9110 §15.6.4 (overloaded). A 500 says nothing of the kind.
 */
const NOT_ACTED_UPON: ReadonlySet<unknown> = new Set([408, 425, 429, 503]);
/** What a CA also says to a request whose certificate it issued before: the authorization is spent, the account has one. */
const REFUSALS: ReadonlySet<string> = new Set(['ERR_CA_AUTHORIZATION_REFUSED', 'ERR_CA_REFUSED', 'ERR_CA_REDIRECTED']);

/** What an error means for an enrollment: an end, or a pause that the human, the token or time will lift. */
async function settle(state: OpenState, error: AgentError, context: Context): Promise<Outcome> {
  if (isIssued(state)) return { waitFor: error };
  if (state.name === 'pending' && isPassing(error)) return pendingStill(state, error, context);
  if (state.name === 'sent' && context.sending && didNotAct(error))
    return { event: { event: 'unsent' }, waitFor: error };
  if (state.name === 'sent' && (isUnknown(error) || NOT_SENT.has(error.code))) return { waitFor: error };
  if (state.name === 'sent' && !context.sending && REFUSALS.has(error.code))
    return { waitFor: new AgentError('ERR_CA_ANSWER_LOST', error.details, error) };
  if (error.retry !== 'never') return { waitFor: error };
  return {
    event: {
      event: 'failed',
      code: error.code,
      details: error.details,
      leftover: leftoverAfter(state, error, context),
    },
  };
}

/** Counts only where this very request is the first that went out: it may then go out anew. */
function didNotAct({ code, details }: AgentError): boolean {
  return NOT_SENT.has(code) || (code === 'ERR_CA_UNAVAILABLE' && NOT_ACTED_UPON.has(details['status']));
}

function isPassing({ code }: AgentError): boolean {
  return NOT_SENT.has(code) || code === 'ERR_CA_UNAVAILABLE' || code === 'ERR_CA_ANSWER_LOST';
}

/** The request may have arrived, and a certificate may exist. */
function isUnknown({ code }: AgentError): boolean {
  return code === 'ERR_CA_ANSWER_LOST' || code === 'ERR_CA_UNAVAILABLE';
}

function pendingStill(state: StateOf<'pending'>, error: AgentError, context: Context): Outcome {
  try {
    return { event: waitLonger(state, context, undefined) };
  } catch (tooLong) {
    const { code, details } = asAgentError(tooLong);
    context.ports.report('enrollment: pending too long', { last: error.code });
    return { event: { event: 'failed', code, details, leftover: keptOf(state) } };
  }
}

/**
 * What may lie on the token, written down before anything is taken away: had a key gone first and the agent been killed
 * then, a new order would go on with a request whose key is no more.
 */
function leftoverAfter(state: OpenState, error: AgentError | undefined, { token: session }: Context): RemainingKey {
  if (state.sentBefore || state.name === 'pending' || (error && mayBeIssued(error.code))) return keptOf(state);
  return state.name === 'consented' && !session.wasOpened() ? undefined : leftoverOf(state);
}

function leftoverOf({ token, ckaId }: OpenState): NonNullable<RemainingKey> {
  return { token, ckaId };
}

/** Of what was sent once, a certificate may exist or be made later: the key stays, and a new order goes on with it. */
function keptOf(state: OpenState): RemainingKey {
  return { ...leftoverOf(state), maybeCertified: true };
}
