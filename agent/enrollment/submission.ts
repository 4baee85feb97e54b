/** The steps that talk to the CA: send the request, ask again while the CA answers "pending", and check the certificate. */

import { AgentError, asAgentError } from '../../web-bridge/protocol/errors.ts';
import { fromPem } from '../../web-bridge/x509/certificate.ts';
import { checkIssued, type IssuedAnswer, type IssuedCertificate } from '../../web-bridge/x509/issued.ts';
import type { CaAnswer } from '../ports/ca.ts';
import type { StateOf } from '../ports/state.ts';
import type { CaCertificates } from './ca-certificates.ts';
import type { Context } from './context.ts';
import type { Event } from './transition.ts';

/** The time to wait if the CA names none. RFC 7030 §4.2.3 requires Retry-After, but some servers leave it out. */
const RETRY_AFTER_DEFAULT_MS = 60_000;
/** Up to a tenth is added to each wait, so that many customers do not ask in the same second. Nothing is subtracted. */
const JITTER = 0.1;
/** Timers stop while a machine sleeps. So a wait is cut into pieces of this length, and the clock is read after each. */
const LOOK_AT_CLOCK_MS = 60_000;

export async function submit(state: StateOf<'sent'>, context: Context): Promise<Event> {
  if (!context.sending && state.plan.service.resend !== 'idempotent') throw new AgentError('ERR_CA_ANSWER_LOST');
  return await exchange(state, context);
}

export async function submitAgain(state: StateOf<'pending'>, context: Context): Promise<Event> {
  const { clock } = context.ports;
  const at = Math.min(state.nextAt, state.deadlineAt);
  await context.token.closeBefore(Math.max(0, at - clock.now()));
  for (let waitMs = at - clock.now(); waitMs > 0; waitMs = at - clock.now())
    await clock.sleep(Math.min(waitMs, LOOK_AT_CLOCK_MS), context.signal);
  return await exchange(state, context);
}

async function exchange(state: StateOf<'sent' | 'pending'>, context: Context): Promise<Event> {
  const { plan } = state;
  const secret = await context.ports.journal.secret(context.enrollment);
  if (secret === undefined) throw new AgentError('ERR_CA_AUTHORIZATION_REFUSED', { reason: 'authorization is gone' });
  const ca = context.ports.connectCa(plan.service, plan.deadlines.caMs);
  const answer = await ca.request(state.csr, { ...plan.authorization, secret }, context.signal);
  return answer.kind === 'pending'
    ? waitLonger(state, context, answer.retryAfterMs)
    : await checkAnswer(state, context, answer);
}

async function checkAnswer(
  state: StateOf<'sent' | 'pending'>,
  { ports, caCertificates }: Context,
  { certificates, date }: Extract<CaAnswer, { kind: 'issued' }>,
): Promise<Event> {
  const { plan, key } = state;
  const previous = plan.previous && fromPem(plan.previous.certificate);
  const answer = { certificates, date, plan, spki: key.spki, now: ports.clock.now(), previous };
  const issued = await checkAndComplete(answer, caCertificates);
  if (issued.otherSerialNumbers.length > 0)
    ports.report('enrollment: the CA issued more than one certificate for the key', {
      others: issued.otherSerialNumbers.join(' '),
    });
  return { event: 'issued', ...issued };
}

/**
 * Checks the certificates of the answer. If they are the leaf alone (RFC 7030 §4.2.3) or an incomplete chain, the CA's own
 * certificates complete it.
 */
async function checkAndComplete(
  answer: Omit<IssuedAnswer, 'cacerts'>,
  own: CaCertificates,
): Promise<IssuedCertificate> {
  try {
    const issued = checkIssued({ ...answer, cacerts: own.known });
    if (issued.chainComplete || own.known.length > 0) return issued;
  } catch (error) {
    if (asAgentError(error).code !== 'ERR_CERTIFICATE_UNTRUSTED' || own.known.length > 0) throw error;
  }
  await own.ask();
  return checkIssued({ ...answer, cacerts: own.known });
}

/**
 * The event after the answer "pending". The server's Retry-After (RFC 7030 §4.2.3) is kept within the profile's limits, because it
 * may be 0 seconds or a year.
 * @throws AgentError ERR_CA_PENDING_TOO_LONG
 */
export function waitLonger(
  state: StateOf<'sent' | 'pending'>,
  { ports }: Context,
  retryAfterMs: number | undefined,
): Event {
  const { pendingMs, retryAtLeastMs, retryAtMostMs } = state.plan.deadlines;
  const now = ports.clock.now();
  const deadlineAt = state.name === 'pending' ? state.deadlineAt : now + pendingMs;
  if (now >= deadlineAt) throw new AgentError('ERR_CA_PENDING_TOO_LONG');
  const waitMs = Math.min(Math.max(retryAfterMs ?? RETRY_AFTER_DEFAULT_MS, retryAtLeastMs), retryAtMostMs);
  const jitterMs = Math.round(waitMs * JITTER * (Number(ports.random(1)[0]) / 0xff));
  return { event: 'pending', nextAt: now + waitMs + jitterMs, deadlineAt };
}
