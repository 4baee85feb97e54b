/** 削除: one old pair and its certificate are taken from the token, by the bank's order and the human's consent. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { sameName } from '../../web-bridge/x509/names.ts';
import { customerCertificates, isAcceptable, isNamed, isValidAt } from '../policy/customer-certificates.ts';
import { checkValidity, type Profile, verifyOrder } from '../policy/order.ts';
import { type RemovalPlan, removalPlanFor } from '../policy/plan.ts';
import { onceInserted } from './insertion.ts';
import type { CertificateAtHand, Ports, TokenDescription } from './ports.ts';
import { isOpen } from './state.ts';

/**
 * Judges the order, asks, removes, and looks afterwards. The order is spent once the human has consented.
 * @throws AgentError ERR_POLICY_*, ERR_TOKEN_*, ERR_USER_*, ERR_BRIDGE_BUSY; ERR_TOKEN_REMOVAL_INCOMPLETE with the number of
 * objects that are left
 */
export async function removePair(
  order: string,
  origin: string,
  profiles: readonly Profile[],
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  const verified = await verifyOrder(order, origin, 'remove', profiles);
  checkValidity(verified.claims, ports.clock.now());
  const plan = removalPlanFor(verified);
  await ports.spentOrders.check(plan.jti);
  const held = ports.attention.take(origin);
  try {
    const found = await onceInserted(plan, ports, signal, () => findPair(plan, ports, signal));
    await refuseWhereNeeded(plan, found, ports);
    await ports.human.consent({ plan, ...found.pair }, signal);
    held.approved();
    await ports.spentOrders.spend(plan.jti, plan.spentUntil, signal);
    await destroy(plan, found.pair, ports, signal);
    // No journal tells of a removal, and nobody is to be reminded of what is gone.
    await ports.reminderBook.write(found.pair.parsed.der, { about: 'removed', at: ports.clock.now() });
  } catch (error) {
    if (error instanceof AgentError && error.code === 'ERR_USER_REFUSED') held.refused();
    throw error;
  } finally {
    held.release();
  }
}

type Found = { readonly pair: CertificateAtHand; readonly others: readonly CertificateAtHand[] };

/** @throws AgentError ERR_TOKEN_MISSING, ERR_TOKEN_CERTIFICATE_MISSING, ERR_TOKEN_AMBIGUOUS */
async function findPair(plan: RemovalPlan, ports: Ports, signal: AbortSignal): Promise<Found> {
  const present = await ports.tokens.list(signal);
  const tokens = present.filter((token) => isAcceptable(token, plan.tokens));
  if (tokens.length === 0) throw new AgentError('ERR_TOKEN_MISSING');
  const lists = await Promise.all(tokens.map((token) => certificatesOn(token, plan, ports, signal)));
  const holding = lists.filter((list) => list.some(({ parsed }) => isNamed(parsed, plan.replaces)));
  if (holding.length > 1) throw new AgentError('ERR_TOKEN_AMBIGUOUS', { tokens: holding.length });
  const list = holding[0] ?? [];
  const pair = list.find(({ parsed }) => isNamed(parsed, plan.replaces));
  if (!pair) throw new AgentError('ERR_TOKEN_CERTIFICATE_MISSING');
  return { pair, others: list.filter((one) => one !== pair) };
}

async function certificatesOn(
  token: TokenDescription,
  plan: RemovalPlan,
  ports: Ports,
  signal: AbortSignal,
): Promise<CertificateAtHand[]> {
  const stored = await ports.tokens.certificates(token, signal);
  const ours = customerCertificates(stored, plan.issuers, ports.clock.now());
  return ours.map(({ parsed }) => ({ token, parsed }));
}

/**
 * Usable certificates are never fewer than before a re-enrollment (A25), whatever an order says: not while an enrollment
 * depends on this one, not while it alone is valid, not where another certificate lives on the same key.
 */
async function refuseWhereNeeded({ replaces }: RemovalPlan, { pair, others }: Found, ports: Ports): Promise<void> {
  const { parsed } = pair;
  for (const { state } of await ports.journal.list()) {
    if (!isOpen(state)) continue;
    const { issuer, serialNumber } = state.plan.replaces ?? {};
    const own = 'certificate' in state && Buffer.compare(state.certificate, parsed.der) === 0;
    if (own || (issuer === replaces.issuer && serialNumber === replaces.serialNumber))
      throw new AgentError('ERR_POLICY_REMOVAL_REFUSED', { reason: 'an enrollment is open' });
  }
  if (others.some((other) => Buffer.compare(other.parsed.spki, parsed.spki) === 0))
    throw new AgentError('ERR_POLICY_REMOVAL_REFUSED', { reason: 'shared key' });
  const now = ports.clock.now();
  const successor = others.some(
    (other) => isValidAt(other.parsed, now) && sameName(other.parsed.subject, parsed.subject),
  );
  if (isValidAt(parsed, now) && !successor)
    throw new AgentError('ERR_POLICY_REMOVAL_REFUSED', { reason: 'the only valid one' });
}

async function destroy(
  plan: RemovalPlan,
  { token, parsed }: CertificateAtHand,
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  const { profile, bank, account, deadlines } = plan;
  const pin = { profile, purpose: 'remove', bank, account: account.display } as const;
  const unlock = await ports.locks.holdToken(token, signal);
  try {
    const session = await ports.tokens.open(token, pin, deadlines, signal);
    try {
      const { left } = await session.remove(parsed.der);
      if (left > 0) throw new AgentError('ERR_TOKEN_REMOVAL_INCOMPLETE', { left });
    } finally {
      await session.close();
    }
  } finally {
    await unlock();
  }
}
