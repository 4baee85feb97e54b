/** What policy makes of an order and a profile: everything that an enrollment is to do, and nothing secret. */
import type { EnrollmentService, Profile, TokenMatch } from '../../native-config/schema.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type {
  AcquisitionClaims,
  CertificateReference,
  KeyType,
  OrderAuthorization,
} from '../../web-bridge/protocol/order.ts';
import { fromPem } from '../x509/certificate.ts';
import { nameDer } from '../x509/names.ts';
import type { VerifiedOrder } from './order.ts';

/** A plan is plain JSON: the journal keeps it, and an enrollment goes on by it even if the profile changes meanwhile. */
export type Plan = {
  readonly purpose: 'enroll' | 'reenroll';
  readonly profile: string;
  readonly test: boolean;
  readonly bank: Profile['names'];
  readonly help: Profile['help'];
  readonly origin: string;
  /** The order's `jti`, and the SHA-256 (hexadecimal) of its compact form: the same order joins its own enrollment. */
  readonly jti: string;
  readonly orderDigest: string;
  readonly account: AcquisitionClaims['account'];
  readonly subject: AcquisitionClaims['subject'];
  readonly rdnOrder: 'as-ordered' | 'any';
  /** In order of preference; the token decides. */
  readonly keys: readonly KeyType[];
  readonly extensions: AcquisitionClaims['extensions'];
  readonly service: EnrollmentService;
  readonly authorization: AuthorizationShape;
  /** PEM, the trust anchors of the customer's certificate. */
  readonly issuers: readonly string[];
  readonly tokens: readonly TokenMatch[];
  readonly deadlines: Profile['deadlines'];
  readonly replaces?: CertificateReference;
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
  // The Name of each issuing CA as an order writes it: DER in base64.
  const issuerNames = profile.issuers.map((pem) => Buffer.from(nameDer(fromPem(pem))).toString('base64'));
  return planAcquisition(claims, digest, profile, issuerNames);
}

function planAcquisition(
  order: AcquisitionClaims,
  orderDigest: string,
  profile: Profile,
  issuerNames: readonly string[],
): Accepted {
  const service = serviceOf(profile, order.enrollment.label);
  const keys = order.keys.filter((type) => profile.keyPolicy.types.includes(type));
  if (keys.length === 0) throw new AgentError('ERR_POLICY_KEY_TYPE_REFUSED', { ordered: order.keys.join(' ') });
  const replaces = order.purpose === 'reenroll' ? order.replaces : undefined;
  if (replaces && !issuerNames.includes(replaces.issuer)) throw new AgentError('ERR_POLICY_REPLACES_FOREIGN');
  const { authorization } = order.enrollment;
  const plan: Plan = {
    purpose: order.purpose,
    profile: profile.id,
    test: profile.test,
    bank: profile.names,
    help: profile.help,
    origin: order.origin,
    jti: order.jti,
    orderDigest,
    account: order.account,
    subject: order.subject,
    rdnOrder: profile.subject.rdnOrder ?? 'as-ordered',
    keys,
    extensions: order.extensions,
    service,
    authorization: shapeOf(authorization, service),
    issuers: profile.issuers,
    tokens: profile.tokens,
    deadlines: profile.deadlines,
    ...(replaces ? { replaces } : {}),
  };
  return { plan, secret: authorization.scheme === 'asked' ? undefined : authorization.secret };
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
