/**
 * Runs one enrollment from consent to the proof of possession. There is one step for each open state. A step does one thing and
 * returns an event; the event gives the next state. The next state is journaled before anybody sees it.
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
  /** Whether this run follows the consent directly. Then no earlier run can have left a key on the token. */
  readonly begun: boolean;
  /** Aborted when the human or the page cancels. It has an effect until the request is sent. */
  readonly cancelled: AbortSignal;
  /** Aborted when the agent ends. The enrollment stops, and is resumed at the next start. */
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
 * Runs the steps from the journaled state until the enrollment ends.
 * @throws AgentError if the enrollment has to wait for the token, the human or the CA. Its state stays in the journal
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
      return { event: { event: 'abandoned', leftover: remainingKeyAfter(state, undefined, context) } };
    if (context.signal.aborted) return { waitFor: asAgentError(context.signal.reason) };
    return await settle(state, asAgentError(error), context);
  }
}

function step(state: OpenState, context: Context): Promise<Event> {
  // TypeScript does not see that the step and the state belong to the same name.
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
  // Not awaited: the CA can answer while the token signs, and most chains need these certificates later.
  void caCertificates.ask();
  const session = await token.use('enroll', signal);
  const request = { spki: key.spki, keyType: key.keyType, subject: plan.subject, extensions: plan.extensions };
  const csr = await buildCsr(request, (info) => session.signRequest(keyOf(state), info));
  return { event: 'csr-signed', csr };
}

async function store(state: StateOf<'issued'>, { token, ports, signal }: Context): Promise<Event> {
  const { bank, account } = state.plan;
  // A new session asks for the PIN, and after hours of waiting the person may be elsewhere.
  if (!token.current()) ports.notify({ about: 'write-back', bank, account });
  const session = await token.use('write-back', signal);
  const label = `${bank.en} ${account.id}`;
  await session.store(keyOf(state), state.certificate, withoutRoot(state.chain), label);
  return { event: 'stored' };
}

/**
 * The root is not written: whoever trusts it has it, and on a card each certificate takes space and about a second. TLS leaves it
 * out as well (RFC 5246 §7.4.2).
 */
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

/** No byte of the request was sent. */
const NOT_SENT: ReadonlySet<string> = new Set(['ERR_CA_UNREACHABLE', 'ERR_CA_TLS_UNTRUSTED']);
/**
 * With these statuses the server says that it did not process the request: 408 (RFC 9110 §15.5.9), 425 (RFC 8470 §5.2), 429
 * (RFC 6585 §4), 503 (RFC 9110 §15.6.4). A 500 does not say so.
 */
const NOT_ACTED_UPON: ReadonlySet<unknown> = new Set([408, 425, 429, 503]);
/**
 * A CA may also refuse with these if it issued the certificate before: the authorization is used up, or the account has a
 * certificate.
 */
const REFUSALS: ReadonlySet<string> = new Set(['ERR_CA_AUTHORIZATION_REFUSED', 'ERR_CA_REFUSED', 'ERR_CA_REDIRECTED']);

/** Decides what an error means: the enrollment ends, or it waits in its state for the human, the token or the CA. */
async function settle(state: OpenState, error: AgentError, context: Context): Promise<Outcome> {
  if (isIssued(state)) return { waitFor: error };
  if (state.name === 'pending' && isTemporary(error)) return keepPending(state, error, context);
  if (state.name === 'sent' && context.sending && wasNotProcessed(error))
    return { event: { event: 'unsent' }, waitFor: error };
  if (state.name === 'sent' && (mayHaveArrived(error) || NOT_SENT.has(error.code))) return { waitFor: error };
  if (state.name === 'sent' && !context.sending && REFUSALS.has(error.code))
    return { waitFor: new AgentError('ERR_CA_ANSWER_LOST', error.details, error) };
  if (error.retry !== 'never') return { waitFor: error };
  return {
    event: {
      event: 'failed',
      code: error.code,
      details: error.details,
      leftover: remainingKeyAfter(state, error, context),
    },
  };
}

/** Whether the CA has not processed the request. If no earlier run sent it, it is sent anew. */
function wasNotProcessed({ code, details }: AgentError): boolean {
  return NOT_SENT.has(code) || (code === 'ERR_CA_UNAVAILABLE' && NOT_ACTED_UPON.has(details['status']));
}

function isTemporary({ code }: AgentError): boolean {
  return NOT_SENT.has(code) || code === 'ERR_CA_UNAVAILABLE' || code === 'ERR_CA_ANSWER_LOST';
}

/** Whether the request may have arrived, so that a certificate may exist. */
function mayHaveArrived({ code }: AgentError): boolean {
  return code === 'ERR_CA_ANSWER_LOST' || code === 'ERR_CA_UNAVAILABLE';
}

function keepPending(state: StateOf<'pending'>, error: AgentError, context: Context): Outcome {
  try {
    return { event: waitLonger(state, context, undefined) };
  } catch (tooLong) {
    const { code, details } = asAgentError(tooLong);
    context.ports.report('enrollment: pending too long', { last: error.code });
    return { event: { event: 'failed', code, details, leftover: maybeCertifiedKey(state) } };
  }
}

/**
 * The key that may be on the token when the enrollment ends. It is journaled before the key is destroyed. In the other order, a
 * crash in between would leave a journal that names a destroyed key, and a new order would use it.
 */
function remainingKeyAfter(state: OpenState, error: AgentError | undefined, { token: session }: Context): RemainingKey {
  if (state.sentBefore || state.name === 'pending' || (error && mayBeIssued(error.code)))
    return maybeCertifiedKey(state);
  return state.name === 'consented' && !session.wasOpened() ? undefined : keyOnToken(state);
}

function keyOnToken({ token, ckaId }: OpenState): NonNullable<RemainingKey> {
  return { token, ckaId };
}

/** After the request was sent, a certificate may exist or follow. The key is kept, and a new order uses it. */
function maybeCertifiedKey(state: OpenState): RemainingKey {
  return { ...keyOnToken(state), maybeCertified: true };
}
