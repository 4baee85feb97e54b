/**
 * Operations by the bank's order: log-in and removal. They are carried out at once or not at all, so that the journal does not
 * keep them; only the list of spent orders does. `carryOut` has the steps, which are the same for every operation.
 */
import type { Profile } from '../../native-config/schema.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { checkValidity, type VerifiedOrder, verifyOrder } from '../policy/order.ts';
import type { LoginPlan, RemovalPlan } from '../ports/plan.ts';
import type { Ports } from '../ports/ports.ts';
import type { CertificateAtHand } from '../ports/token.ts';
import { retryOnInsertion } from './token-insertion.ts';

/** What an operation works with. */
export type OperationContext = {
  readonly ports: Ports;
  readonly profiles: readonly Profile[];
  /** Aborted when the page disconnects or the agent ends. An open dialog then closes. */
  readonly signal: AbortSignal;
};

export type Operation<P extends LoginPlan | RemovalPlan, Found, Result> = {
  readonly purpose: P['purpose'];
  /** @throws AgentError ERR_POLICY_* */
  readonly planFor: (verified: VerifiedOrder) => P;
  /** Finds the certificates on the tokens. Called again when a token is inserted or removed. @throws AgentError ERR_TOKEN_* */
  readonly find: (plan: P, context: OperationContext) => Promise<Found>;
  /** Chooses the one certificate that the operation is about. @throws AgentError ERR_POLICY_*, ERR_USER_* */
  readonly choose: (plan: P, found: Found, context: OperationContext) => Promise<CertificateAtHand>;
  readonly perform: (plan: P, certificate: CertificateAtHand, context: OperationContext) => Promise<Result>;
};

/**
 * Carries out an operation. Every check comes before the human is asked. The order is spent after consent and before the token
 * is changed: so a refused consent spends nothing, and an order cannot be carried out twice.
 * @param origin the origin of the WebSocket handshake
 * @throws AgentError ERR_POLICY_*, ERR_TOKEN_*, ERR_USER_*, ERR_BRIDGE_BUSY
 */
export async function carryOut<P extends LoginPlan | RemovalPlan, Found, Result>(
  { purpose, planFor, find, choose, perform }: Operation<P, Found, Result>,
  order: string,
  origin: string,
  context: OperationContext,
): Promise<Result> {
  const { ports, profiles, signal } = context;
  const verified = await verifyOrder(order, origin, purpose, profiles);
  checkValidity(verified.claims, ports.clock.now());
  const plan = planFor(verified);
  await ports.spentOrders.check(plan.jti);
  const attention = ports.attention.take(origin);
  try {
    const found = await retryOnInsertion(plan, ports, signal, () => find(plan, context));
    const certificate = await choose(plan, found, context);
    await ports.human.consent({ plan, ...certificate }, signal);
    attention.approved();
    await ports.spentOrders.spend(plan.jti, plan.spentUntil, signal);
    return await perform(plan, certificate, context);
  } catch (error) {
    if (error instanceof AgentError && error.code === 'ERR_USER_REFUSED') attention.refused();
    throw error;
  } finally {
    attention.release();
  }
}
