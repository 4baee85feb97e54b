/**
 * An operation that is carried out at once, by the bank's order: a log-in, a removal. No journal keeps it; what is kept is
 * that its order is spent. `carryOut` has its steps, the same for each operation and always in this order.
 */
import type { Profile } from '../../native-config/schema.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { checkValidity, type VerifiedOrder, verifyOrder } from '../policy/order.ts';
import type { LoginPlan, RemovalPlan } from '../ports/plan.ts';
import type { Ports } from '../ports/ports.ts';
import type { CertificateAtHand } from '../ports/token.ts';
import { retryOnInsertion } from './token-insertion.ts';

export type World = {
  readonly ports: Ports;
  readonly profiles: readonly Profile[];
  /** Aborted when the page goes away, or the agent ends: the dialog then closes. */
  readonly signal: AbortSignal;
};

export type Operation<P extends LoginPlan | RemovalPlan, Found, Result> = {
  readonly purpose: P['purpose'];
  /** @throws AgentError ERR_POLICY_* */
  readonly planFor: (verified: VerifiedOrder) => P;
  /** Looks at the tokens; again after each change of what is plugged in. @throws AgentError ERR_TOKEN_* */
  readonly find: (plan: P, world: World) => Promise<Found>;
  /** The one certificate that the operation is about. @throws AgentError ERR_POLICY_*, ERR_USER_* */
  readonly choose: (plan: P, found: Found, world: World) => Promise<CertificateAtHand>;
  readonly perform: (plan: P, certificate: CertificateAtHand, world: World) => Promise<Result>;
};

/**
 * Everything is refused before the human is asked, and the order is spent before the token is touched: a refused consent
 * spends nothing, a second time the order is refused.
 * @param origin of the handshake
 * @throws AgentError ERR_POLICY_*, ERR_TOKEN_*, ERR_USER_*, ERR_BRIDGE_BUSY
 */
export async function carryOut<P extends LoginPlan | RemovalPlan, Found, Result>(
  { purpose, planFor, find, choose, perform }: Operation<P, Found, Result>,
  order: string,
  origin: string,
  world: World,
): Promise<Result> {
  const { ports, profiles, signal } = world;
  const verified = await verifyOrder(order, origin, purpose, profiles);
  checkValidity(verified.claims, ports.clock.now());
  const plan = planFor(verified);
  await ports.spentOrders.check(plan.jti);
  const attention = ports.attention.take(origin);
  try {
    const found = await retryOnInsertion(plan, ports, signal, () => find(plan, world));
    const certificate = await choose(plan, found, world);
    await ports.human.consent({ plan, ...certificate }, signal);
    attention.approved();
    await ports.spentOrders.spend(plan.jti, plan.spentUntil, signal);
    return await perform(plan, certificate, world);
  } catch (error) {
    if (error instanceof AgentError && error.code === 'ERR_USER_REFUSED') attention.refused();
    throw error;
  } finally {
    attention.release();
  }
}
