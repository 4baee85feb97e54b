/** Plans: what policy makes of an order and a profile. A plan says everything that is to be done, and nothing secret. */
import type { EnrollmentService, Profile, TokenMatch } from '../../native-config/schema.ts';
import type { AcquisitionClaims, CertificateReference, KeyType } from '../../web-bridge/protocol/order.ts';

/** What every act has: who asks, where, on which tokens, and by whose certificates. */
export type CommonPlan = {
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
export type MomentaryPlan = CommonPlan & {
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
