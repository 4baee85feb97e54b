/** Makes the plan of each purpose, from a verified order and its bank's profile. */
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

/** An accepted order: its plan, and the one-time secret where the order carries it. */
export type Accepted = { readonly plan: Plan; readonly secret: string | undefined };

/**
 * Makes the plan of an acquisition. Pure: the order's signature, time and origin were judged before.
 * @throws AgentError ERR_POLICY_LABEL_UNKNOWN, ERR_POLICY_KEY_TYPE_REFUSED, ERR_POLICY_REPLACES_FOREIGN
 */
export function planFor({ claims, profile, digest }: VerifiedOrder): Accepted {
  if (claims.purpose !== 'enroll' && claims.purpose !== 'reenroll')
    throw new AgentError('ERR_POLICY_ORDER_PURPOSE_MISMATCH', { ordered: claims.purpose });
  return planAcquisition(claims, digest, profile);
}

/** @throws AgentError ERR_POLICY_ORDER_PURPOSE_MISMATCH */
export function loginPlanFor({ claims, profile }: VerifiedOrder): LoginPlan {
  if (claims.purpose !== 'authenticate')
    throw new AgentError('ERR_POLICY_ORDER_PURPOSE_MISMATCH', { ordered: claims.purpose });
  const { purpose, nonce, account } = claims;
  return { purpose, nonce, ...(account ? { account } : {}), ...momentary(claims, profile) };
}

/** @throws AgentError ERR_POLICY_REPLACES_FOREIGN, ERR_POLICY_ORDER_PURPOSE_MISMATCH */
export function removalPlanFor({ claims, profile }: VerifiedOrder): RemovalPlan {
  if (claims.purpose !== 'remove')
    throw new AgentError('ERR_POLICY_ORDER_PURPOSE_MISMATCH', { ordered: claims.purpose });
  const { purpose, account, replaces } = claims;
  refuseForeign(replaces, profile);
  return { purpose, account, replaces, ...momentary(claims, profile) };
}

function momentary(claims: OrderClaims, profile: Profile): OperationPlan {
  return { ...common(claims, profile), spentUntil: (claims.exp + ORDER_CLOCK_SKEW_S) * 1000 };
}

function common({ origin, jti }: OrderClaims, profile: Profile): CommonPlan {
  const { id, test, names, help, issuers, tokens, deadlines } = profile;
  return { profile: id, test, bank: names, help, origin, jti, issuers, tokens, deadlines };
}

/** No bank touches another's certificates. */
function refuseForeign(replaces: CertificateReference, { issuers }: Profile): void {
  // The Name of each issuing CA as an order writes it: DER in base64.
  const names = issuers.map((pem) => Buffer.from(nameDer(fromPem(pem))).toString('base64'));
  if (!names.includes(replaces.issuer)) throw new AgentError('ERR_POLICY_REPLACES_FOREIGN');
}

function planAcquisition(order: AcquisitionClaims, orderDigest: string, profile: Profile): Accepted {
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

/** What people call it: 取得, 更新 while the old certificate is valid, 再取得 after its expiry. */
export function purposeOf({ purpose, previous }: Plan): 'enroll' | 'renew' | 'reacquire' {
  if (purpose === 'enroll') return purpose;
  return previous?.expired ? 'reacquire' : 'renew';
}

/** The label is a stranger's key into our table: own members only. */
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
