/**
 * The states of an enrollment. A state holds all that is needed to go on: the journal is the latest state on disk, and
 * nothing else. No state holds a PIN or the authorization's secret.
 */
import type { CertificateDer, CsrDer } from '../../web-bridge/asn1/der.ts';
import type { ErrorCode, ErrorDetails } from '../../web-bridge/protocol/errors.ts';
import type { Proof, StateName } from '../../web-bridge/protocol/methods.ts';
import type { Plan } from './plan.ts';
import type { GeneratedKey, TokenIdentity } from './token.ts';

/** CKA_ID is chosen before the key exists, so that a key which a crash leaves behind is known by it. */
type Consented = {
  readonly plan: Plan;
  readonly token: TokenIdentity;
  readonly ckaId: Uint8Array;
  /** The key is that of an older enrollment whose answer was lost: the CA may have a certificate for it already. */
  readonly sentBefore?: true;
};
type WithKey = Consented & { readonly key: GeneratedKey };
type WithCsr = WithKey & { readonly csr: CsrDer };
type Sent = WithCsr & { readonly sentAt: number };
export type IssuedCertificate = {
  readonly certificate: CertificateDer;
  readonly chain: readonly CertificateDer[];
  readonly chainComplete: boolean;
  /** Serial numbers of what else the CA certified for this key: one certificate is used, the bank is told of the others. */
  readonly otherSerialNumbers?: readonly string[];
};
type WithCertificate = WithCsr & IssuedCertificate;
/** What may still lie on the token although the enrollment is over: a key without a certificate. */
export type RemainingKey =
  | {
      readonly token: TokenIdentity;
      readonly ckaId: Uint8Array;
      /** A certificate may exist for it, though none that we could take: the key is never destroyed. */
      readonly maybeCertified?: true;
    }
  | undefined;
type Over = { readonly plan: Plan; readonly at: StateName; readonly leftover: RemainingKey };

export type State =
  | ({ readonly name: 'consented' } & Consented)
  | ({ readonly name: 'key-generated' } & WithKey)
  | ({ readonly name: 'csr-signed' } & WithCsr)
  | ({ readonly name: 'sent' } & Sent)
  | ({ readonly name: 'pending'; readonly nextAt: number; readonly deadlineAt: number } & Sent)
  | ({ readonly name: 'issued' } & WithCertificate)
  | ({ readonly name: 'stored' } & WithCertificate)
  | ({ readonly name: 'completed'; readonly proof: Proof } & WithCertificate)
  | ({ readonly name: 'failed'; readonly code: ErrorCode; readonly details: ErrorDetails } & Over)
  | ({ readonly name: 'abandoned' } & Over);

export type StateOf<N extends State['name']> = Extract<State, { name: N }>;
/** A state that something is still to be done in. */
export type OpenState = Exclude<State, { name: 'completed' | 'failed' | 'abandoned' }>;
