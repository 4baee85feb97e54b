/** 削除 (removal): destroys one old certificate and its key pair on the token. The bank orders it, the human consents. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { sameName } from '../../web-bridge/x509/names.ts';
import { isAcceptable, isNamed, isValidAt } from '../policy/customer-certificates.ts';
import { removalPlanFor } from '../policy/plan.ts';
import type { RemovalPlan } from '../ports/plan.ts';
import type { CertificateAtHand } from '../ports/token.ts';
import { isOpen } from '../records/states.ts';
import { certificatesOn } from './certificates.ts';
import { carryOut, type Operation, type OperationContext } from './operation.ts';
import { withSession } from './session.ts';

type Found = { readonly pair: CertificateAtHand; readonly others: readonly CertificateAtHand[] };

const REMOVAL: Operation<RemovalPlan, Found, void> = {
  purpose: 'remove',
  planFor: removalPlanFor,
  find: findPair,
  async choose(plan, found, context) {
    await refuseUnsafeRemoval(plan, found, context);
    return found.pair;
  },
  async perform(plan, pair, context) {
    await destroy(plan, pair, context);
    // The journal still has the certificate as completed. This mark ends the reminders of it.
    const { reminderBook, clock } = context.ports;
    await reminderBook.write(pair.parsed.der, { about: 'removed', at: clock.now() });
  },
};

/** @throws as {@link carryOut}; ERR_TOKEN_REMOVAL_INCOMPLETE with `left`, the number of objects that remain */
export function removePair(order: string, origin: string, context: OperationContext): Promise<void> {
  return carryOut(REMOVAL, order, origin, context);
}

/** @throws AgentError ERR_TOKEN_MISSING, ERR_TOKEN_CERTIFICATE_MISSING, ERR_TOKEN_AMBIGUOUS */
async function findPair(
  { tokens: accepted, issuers, replaces }: RemovalPlan,
  { ports, signal }: OperationContext,
): Promise<Found> {
  const present = await ports.tokens.list(signal);
  const tokens = present.filter((token) => isAcceptable(token, accepted));
  if (tokens.length === 0) throw new AgentError('ERR_TOKEN_MISSING');
  const lists = await Promise.all(tokens.map((token) => certificatesOn(token, issuers, ports, signal)));
  const holding = lists.filter((list) => list.some(({ parsed }) => isNamed(parsed, replaces)));
  if (holding.length > 1) throw new AgentError('ERR_TOKEN_AMBIGUOUS', { tokens: holding.length });
  const list = holding[0] ?? [];
  const pair = list.find(({ parsed }) => isNamed(parsed, replaces));
  if (!pair) throw new AgentError('ERR_TOKEN_CERTIFICATE_MISSING');
  return { pair, others: list.filter((one) => one !== pair) };
}

/**
 * A removal never takes the customer's last usable certificate (A25), whatever the order says. It is refused if an open
 * enrollment depends on the certificate, if another certificate uses the same key, and if the certificate is the only valid one
 * of its subject.
 */
async function refuseUnsafeRemoval(
  { replaces }: RemovalPlan,
  { pair, others }: Found,
  { ports }: OperationContext,
): Promise<void> {
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
  { profile, bank, account, deadlines }: RemovalPlan,
  { token, parsed }: CertificateAtHand,
  { ports, signal }: OperationContext,
): Promise<void> {
  const pin = { profile, purpose: 'remove', bank, account: account.display } as const;
  await withSession({ token, pin, deadlines }, ports, signal, async (session) => {
    const { left } = await session.remove(parsed.der);
    if (left > 0) throw new AgentError('ERR_TOKEN_REMOVAL_INCOMPLETE', { left });
  });
}
