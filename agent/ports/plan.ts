/** Plans. Policy makes a plan from an order and a profile. A plan holds everything that is to be done, and nothing secret. */
import type { EnrollmentService, Profile, TokenMatch } from '../../native-config/schema.ts';
import type { AcquisitionClaims, CertificateReference, KeyType } from '../../web-bridge/protocol/order.ts';

/** What every plan holds: the bank, the page's origin, the issuers, the tokens that the bank accepts, and the time limits. */
export type CommonPlan = {
  readonly profile: string;
  readonly test: boolean;
  readonly bank: Profile['names'];
  readonly help: Profile['help'];
  readonly origin: string;
  readonly jti: string;
  /** PEM: the trust anchors of the customer's certificate. */
  readonly issuers: readonly string[];
  readonly tokens: readonly TokenMatch[];
  readonly deadlines: Profile['deadlines'];
};

/**
 * The plan of an enrollment. It is plain JSON, and the journal keeps it. So an enrollment goes on by its own plan, even if the
 * profile has changed.
 */
export type Plan = CommonPlan & {
  readonly purpose: 'enroll' | 'reenroll';
  /** SHA-256 of the order's compact form, hexadecimal. It recognizes an order that is brought again. */
  readonly orderDigest: string;
  readonly account: AcquisitionClaims['account'];
  readonly subject: AcquisitionClaims['subject'];
  readonly rdnOrder: 'as-ordered' | 'any';
  /** In order of preference. After consent it holds one type. */
  readonly keys: readonly KeyType[];
  readonly extensions: AcquisitionClaims['extensions'];
  readonly service: EnrollmentService;
  readonly authorization: AuthorizationShape;
  readonly replaces?: CertificateReference;
  /** The certificate that `replaces` names, as the token had it (PEM). Not yet expired: 更新; expired: 再取得. */
  readonly previous?: { readonly certificate: string; readonly expired: boolean };
};

/** The plan of an operation. The journal does not keep it; the list of spent orders keeps the order's `jti`. */
export type OperationPlan = CommonPlan & {
  /** Milliseconds since 1970. From then on the order is refused as too old, and the list may drop its `jti`. */
  readonly spentUntil: number;
};
export type LoginPlan = OperationPlan & {
  readonly purpose: 'authenticate';
  readonly account?: AcquisitionClaims['account'];
  readonly nonce: string;
};
export type RemovalPlan = OperationPlan & {
  readonly purpose: 'remove';
  readonly account: AcquisitionClaims['account'];
  readonly replaces: CertificateReference;
};

/** How the agent authenticates to the CA, without the secret. `asked`: the human types the secret (the code from a letter). */
export type AuthorizationShape =
  | { readonly scheme: 'basic'; readonly id: string; readonly asked: boolean }
  | { readonly scheme: 'bearer'; readonly asked: boolean };
