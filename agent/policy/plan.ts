/** What policy makes of an order and a profile: everything that an enrollment is to do, and nothing secret. */
import type { EnrollmentService, Profile, TokenMatch } from '../../native-config/schema.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import {
  type AcquisitionClaims,
  type CertificateReference,
  type KeyType,
  ORDER_CLOCK_SKEW_S,
  type OrderAuthorization,
  type OrderClaims,
} from '../../web-bridge/protocol/order.ts';
import { fromPem } from '../../web-bridge/x509/certificate.ts';
import { nameDer } from '../../web-bridge/x509/names.ts';
import type { VerifiedOrder } from './order.ts';

/** What every act has: who asks, where, on which tokens, and by whose certificates. */
type CommonPlan = {
  readonly profile: string;
  readonly test: boolean;
  readonly bank: Profile['names'];
  readonly help: Profile['help'];
  readonly origin: string;
  readonly jti: string;
  /** PEM, the trust anchors of the customer's certificate. */
  readonly issuers: readonly string[];
  readonly tokens: readonly TokenMatch[];
  readonly deadlines: Profile['deadlines'];
};

/** A plan is plain JSON: the journal keeps it, and an enrollment goes on by it even if the profile changes meanwhile. */
export type Plan = CommonPlan & {
  readonly purpose: 'enroll' | 'reenroll';
  /** SHA-256 (hexadecimal) of the order's compact form: the same order joins its own enrollment. */
  readonly orderDigest: string;
  readonly account: AcquisitionClaims['account'];
  readonly subject: AcquisitionClaims['subject'];
  readonly rdnOrder: 'as-ordered' | 'any';
  /** In order of preference; the token decides. */
  readonly keys: readonly KeyType[];
  readonly extensions: AcquisitionClaims['extensions'];
  readonly service: EnrollmentService;
  readonly authorization: AuthorizationShape;
  readonly replaces?: CertificateReference;
  /** What `replaces` names, as it was found on the token (PEM), and whether it had expired then: 更新 or 再取得. */
  readonly previous?: { readonly certificate: string; readonly expired: boolean };
};

/** An act that is done at once, or not at all: no journal keeps it, only that its order is spent. */
type MomentaryPlan = CommonPlan & {
  /** Milliseconds since 1970: from here on the order is refused by its age. */
  readonly spentUntil: number;
};
export type LoginPlan = MomentaryPlan & {
  readonly purpose: 'authenticate';
  readonly account?: AcquisitionClaims['account'];
  readonly nonce: string;
};
export type RemovalPlan = MomentaryPlan & {
  readonly purpose: 'remove';
  readonly account: AcquisitionClaims['account'];
  readonly replaces: CertificateReference;
};

/** How the CA is shown the authorization; its secret is kept apart from the plan. */
export type AuthorizationShape =
  | { readonly scheme: 'basic'; readonly id: string; readonly asked: boolean }
  | { readonly scheme: 'bearer'; readonly asked: boolean };

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

function momentary(claims: OrderClaims, profile: Profile): MomentaryPlan {
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
