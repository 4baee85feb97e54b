/**
 * The states of an enrollment, and the one function that goes from one to the next. A state holds all one needs to go on:
 * the journal is the latest state on disk, and nothing else. No state holds a PIN or the authorization's secret.
 */
import type { ErrorCode, ErrorDetails } from '../../web-bridge/protocol/errors.ts';
import type { Proof, StateName } from '../../web-bridge/protocol/methods.ts';
import type { Plan } from '../policy/plan.ts';
import type { CertificateDer, CsrDer } from '../x509/der.ts';
import type { GeneratedKey, TokenIdentity } from './ports.ts';

/** CKA_ID is chosen before the key exists, so that a key which a crash leaves behind is known by it. */
type Consented = { readonly plan: Plan; readonly token: TokenIdentity; readonly ckaId: Uint8Array };
type WithKey = Consented & { readonly key: GeneratedKey };
type WithCsr = WithKey & { readonly csr: CsrDer };
type Sent = WithCsr & { readonly sentAt: number };
type WithCertificate = WithCsr & {
  readonly certificate: CertificateDer;
  readonly chain: readonly CertificateDer[];
  readonly chainComplete: boolean;
};
/** What may still lie on the token although the enrollment is over: a key without a certificate. */
type Leftover = { readonly leftover: { readonly token: TokenIdentity; readonly ckaId: Uint8Array } | undefined };

export type State =
  | ({ readonly name: 'consented' } & Consented)
  | ({ readonly name: 'key-generated' } & WithKey)
  | ({ readonly name: 'csr-signed' } & WithCsr)
  | ({ readonly name: 'sent' } & Sent)
  | ({ readonly name: 'pending'; readonly nextAt: number; readonly deadlineAt: number } & Sent)
  | ({ readonly name: 'issued' } & WithCertificate)
  | ({ readonly name: 'stored' } & WithCertificate)
  | ({ readonly name: 'completed'; readonly proof: Proof } & WithCertificate)
  | ({
      readonly name: 'failed';
      readonly plan: Plan;
      readonly at: StateName;
      readonly code: ErrorCode;
      readonly details: ErrorDetails;
    } & Leftover)
  | ({ readonly name: 'abandoned'; readonly plan: Plan; readonly at: StateName } & Leftover);

export type StateOf<N extends State['name']> = Extract<State, { name: N }>;
