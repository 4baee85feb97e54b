/**
 * The states of an enrollment. A state holds everything that the next step needs. The journal keeps the latest state and
 * nothing else. No state holds a PIN or the secret of the authorization.
 */
import type { CertificateDer, CsrDer } from '../../web-bridge/asn1/der.ts';
import type { ErrorCode, ErrorDetails } from '../../web-bridge/protocol/errors.ts';
import type { Proof, StateName } from '../../web-bridge/protocol/methods.ts';
import type { Plan } from './plan.ts';
import type { GeneratedKey, TokenIdentity } from './token.ts';

/** The CKA_ID is chosen before the key exists. So a key that a crash leaves on the token can be found by its CKA_ID. */
type Consented = {
  readonly plan: Plan;
  readonly token: TokenIdentity;
  readonly ckaId: Uint8Array;
  /** The key comes from an older enrollment whose answer was lost. The CA may already have issued a certificate for it. */
  readonly sentBefore?: true;
};
type WithKey = Consented & { readonly key: GeneratedKey };
type WithCsr = WithKey & { readonly csr: CsrDer };
/** `sentAt`, `nextAt` (next question to the CA), `deadlineAt` (last one): milliseconds since 1970. */
type Sent = WithCsr & { readonly sentAt: number };
export type IssuedCertificate = {
  readonly certificate: CertificateDer;
  readonly chain: readonly CertificateDer[];
  readonly chainComplete: boolean;
  /** Serial numbers of further certificates that the CA issued for this key. The agent uses one; the bank's page gets these. */
  readonly otherSerialNumbers?: readonly string[];
};
type WithCertificate = WithCsr & IssuedCertificate;
/** A key without a certificate that may still be on the token after the enrollment has ended. */
export type RemainingKey =
  | {
      readonly token: TokenIdentity;
      readonly ckaId: Uint8Array;
      /** The CA may have issued a certificate for the key, so that the key is never destroyed. */
      readonly maybeCertified?: true;
    }
  | undefined;
/** `at`: the state in which it ended. */
type Ended = { readonly plan: Plan; readonly at: StateName; readonly leftover: RemainingKey };

export type State =
  | ({ readonly name: 'consented' } & Consented)
  | ({ readonly name: 'key-generated' } & WithKey)
  | ({ readonly name: 'csr-signed' } & WithCsr)
  | ({ readonly name: 'sent' } & Sent)
  | ({ readonly name: 'pending'; readonly nextAt: number; readonly deadlineAt: number } & Sent)
  | ({ readonly name: 'issued' } & WithCertificate)
  | ({ readonly name: 'stored' } & WithCertificate)
  | ({ readonly name: 'completed'; readonly proof: Proof } & WithCertificate)
  | ({ readonly name: 'failed'; readonly code: ErrorCode; readonly details: ErrorDetails } & Ended)
  | ({ readonly name: 'abandoned' } & Ended);

export type StateOf<N extends State['name']> = Extract<State, { name: N }>;
/** A state in which something is still to be done. */
export type OpenState = Exclude<State, { name: 'completed' | 'failed' | 'abandoned' }>;
