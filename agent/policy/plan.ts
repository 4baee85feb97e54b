/** Makes the plan for each purpose from a verified order and the bank's profile. */
import type { EnrollmentService, Profile } from '../../native-config/schema.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import {
  type AcquisitionClaims,
  type CertificateReference,
  ORDER_CLOCK_SKEW_S,
  type OrderAuthorization,
  type OrderClaims,
} from '../../web-bridge/protocol/order.ts';
import { fromPem } from '../../web-bridge/x509/certificate.ts';
import { nameDer } from '../../web-bridge/x509/names.ts';
import type { AuthorizationShape, CommonPlan, LoginPlan, OperationPlan, Plan, RemovalPlan } from '../ports/plan.ts';
import type { VerifiedOrder } from './order.ts';

/** An order that policy accepted. `secret`: the one-time secret for the CA, if the order carries it. */
export type AcceptedOrder = { readonly plan: Plan; readonly secret: string | undefined };

/**
 * Makes the plan of an enrollment. The caller has checked the order's signature, time and origin.
 * @throws AgentError ERR_POLICY_LABEL_UNKNOWN, ERR_POLICY_KEY_TYPE_REFUSED, ERR_POLICY_REPLACES_FOREIGN
 */
export function planFor({ claims, profile, digest }: VerifiedOrder): AcceptedOrder {
  if (claims.purpose !== 'enroll' && claims.purpose !== 'reenroll')
    throw new AgentError('ERR_POLICY_ORDER_PURPOSE_MISMATCH', { ordered: claims.purpose });
  return planAcquisition(claims, digest, profile);
}

/** @throws AgentError ERR_POLICY_ORDER_PURPOSE_MISMATCH */
export function loginPlanFor({ claims, profile }: VerifiedOrder): LoginPlan {
  if (claims.purpose !== 'authenticate')
    throw new AgentError('ERR_POLICY_ORDER_PURPOSE_MISMATCH', { ordered: claims.purpose });
  const { purpose, nonce, account } = claims;
  return { purpose, nonce, ...(account ? { account } : {}), ...operationPlan(claims, profile) };
}

/** @throws AgentError ERR_POLICY_REPLACES_FOREIGN, ERR_POLICY_ORDER_PURPOSE_MISMATCH */
export function removalPlanFor({ claims, profile }: VerifiedOrder): RemovalPlan {
  if (claims.purpose !== 'remove')
    throw new AgentError('ERR_POLICY_ORDER_PURPOSE_MISMATCH', { ordered: claims.purpose });
  const { purpose, account, replaces } = claims;
  refuseForeign(replaces, profile);
  return { purpose, account, replaces, ...operationPlan(claims, profile) };
}

function operationPlan(claims: OrderClaims, profile: Profile): OperationPlan {
  return { ...common(claims, profile), spentUntil: (claims.exp + ORDER_CLOCK_SKEW_S) * 1000 };
}

function common({ origin, jti }: OrderClaims, profile: Profile): CommonPlan {
  const { id, test, names, help, issuers, tokens, deadlines } = profile;
  return { profile: id, test, bank: names, help, origin, jti, issuers, tokens, deadlines };
}

/** A bank may replace or remove certificates of its own issuers only. @throws AgentError ERR_POLICY_REPLACES_FOREIGN */
function refuseForeign(replaces: CertificateReference, { issuers }: Profile): void {
  // As the order names an issuer: the DER of its Name, in base64.
  const names = issuers.map((pem) => Buffer.from(nameDer(fromPem(pem))).toString('base64'));
  if (!names.includes(replaces.issuer)) throw new AgentError('ERR_POLICY_REPLACES_FOREIGN');
}

function planAcquisition(order: AcquisitionClaims, orderDigest: string, profile: Profile): AcceptedOrder {
  const service = serviceOf(profile, order.enrollment.label);
  const keys = order.keys.filter((type) => profile.keyPolicy.types.includes(type));
  if (keys.length === 0) throw new AgentError('ERR_POLICY_KEY_TYPE_REFUSED', { ordered: order.keys.join(' ') });
  const replaces = order.purpose === 'reenroll' ? order.replaces : undefined;
  if (replaces) refuseForeign(replaces, profile);
  const { authorization } = order.enrollment;
  const plan: Plan = {
    ...common(order, profile),
    purpose: order.purpose,
    orderDigest,
    account: order.account,
    subject: order.subject,
    rdnOrder: profile.subject.rdnOrder ?? 'as-ordered',
    keys,
    extensions: order.extensions,
    service,
    authorization: shapeOf(authorization, service),
    ...(replaces ? { replaces } : {}),
  };
  return { plan, secret: authorization.scheme === 'asked' ? undefined : authorization.secret };
}

/** The purpose as people know it: 取得 (enroll), 更新 (renew, before expiry), 再取得 (reacquire, after expiry). */
export function purposeOf({ purpose, previous }: Plan): 'enroll' | 'renew' | 'reacquire' {
  if (purpose === 'enroll') return purpose;
  return previous?.expired ? 'reacquire' : 'renew';
}

/** Own members only, because the label comes from the order and could be `__proto__`. */
function serviceOf(profile: Profile, label: string): EnrollmentService {
  const service = Object.hasOwn(profile.enrollment, label) ? profile.enrollment[label] : undefined;
  if (!service) throw new AgentError('ERR_POLICY_LABEL_UNKNOWN', { label });
  return service;
}

function shapeOf(authorization: OrderAuthorization, service: EnrollmentService): AuthorizationShape {
  if (authorization.scheme === 'bearer') return { scheme: 'bearer', asked: false };
  if (authorization.scheme === 'basic') return { scheme: 'basic', id: authorization.id, asked: false };
  return service.asked === 'bearer'
    ? { scheme: 'bearer', asked: true }
    : { scheme: 'basic', id: authorization.id, asked: true };
}
