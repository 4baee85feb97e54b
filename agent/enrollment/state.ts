/**
 * The states of an enrollment, and the one function that goes from one to the next. A state holds all one needs to go on:
 * the journal is the latest state on disk, and nothing else. No state holds a PIN or the authorization's secret.
 */

import type { CertificateDer, CsrDer } from '../../web-bridge/asn1/der.ts';
import { AgentError, type ErrorCode, type ErrorDetails } from '../../web-bridge/protocol/errors.ts';
import type { Proof, StateName } from '../../web-bridge/protocol/methods.ts';
import type { Plan } from '../policy/plan.ts';
import type { GeneratedKey, TokenIdentity } from './ports.ts';

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
type Issued = {
  readonly certificate: CertificateDer;
  readonly chain: readonly CertificateDer[];
  readonly chainComplete: boolean;
  /** Serial numbers of what else the CA certified for this key: one certificate is used, the bank is told of the others. */
  readonly otherSerialNumbers?: readonly string[];
};
type WithCertificate = WithCsr & Issued;
/** What may still lie on the token although the enrollment is over: a key without a certificate. */
export type Leftover =
  | {
      readonly token: TokenIdentity;
      readonly ckaId: Uint8Array;
      /** A certificate may exist for it, though none that we could take: the key is never destroyed. */
      readonly maybeCertified?: true;
    }
  | undefined;
type Over = { readonly plan: Plan; readonly at: StateName; readonly leftover: Leftover };

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

export type Event =
  | { readonly event: 'key-generated'; readonly key: GeneratedKey }
  | { readonly event: 'csr-signed'; readonly csr: CsrDer }
  /** Journaled before the first byte leaves. */
  | { readonly event: 'sending'; readonly sentAt: number }
  /** Not one byte of the request went out. */
  | { readonly event: 'unsent' }
  | { readonly event: 'pending'; readonly nextAt: number; readonly deadlineAt: number }
  | ({ readonly event: 'issued' } & Issued)
  | { readonly event: 'stored' }
  | { readonly event: 'proven'; readonly proof: Proof }
  | { readonly event: 'failed'; readonly code: ErrorCode; readonly details: ErrorDetails; readonly leftover: Leftover }
  | { readonly event: 'abandoned'; readonly leftover: Leftover };

export function isOpen(state: State): state is OpenState {
  return state.name !== 'completed' && state.name !== 'failed' && state.name !== 'abandoned';
}

/** Until its request was sent, an enrollment can be cancelled and nothing in the world remembers it. */
export function isCancellable({ name }: State): boolean {
  return name === 'consented' || name === 'key-generated' || name === 'csr-signed';
}

/** From here on a certificate exists: its key is never destroyed, and the enrollment waits rather than fails. */
export function isIssued({ name }: State): boolean {
  return name === 'issued' || name === 'stored' || name === 'completed';
}

/** Pure and exhaustive. @throws AgentError ERR_INTERNAL_FAILED where an event does not belong to a state */
export function next(state: State, event: Event): State {
  switch (event.event) {
    case 'key-generated':
      return { ...expected(state, 'consented', event), name: 'key-generated', key: event.key };
    case 'csr-signed':
      return { ...expected(state, 'key-generated', event), name: 'csr-signed', csr: event.csr };
    case 'sending':
      return { ...expected(state, 'csr-signed', event), name: 'sent', sentAt: event.sentAt };
    case 'unsent': {
      const { sentAt: _, ...unsent } = expected(state, 'sent', event);
      return { ...unsent, name: 'csr-signed' };
    }
    case 'pending': {
      const sent = waiting(state, event);
      return { ...sent, name: 'pending', nextAt: event.nextAt, deadlineAt: event.deadlineAt };
    }
    case 'issued': {
      const { plan, token, ckaId, key, csr } = waiting(state, event);
      const { event: _, ...issued } = event;
      return { name: 'issued', plan, token, ckaId, key, csr, ...issued };
    }
    case 'stored':
      return { ...expected(state, 'issued', event), name: 'stored' };
    case 'proven':
      return { ...expected(state, 'stored', event), name: 'completed', proof: event.proof };
    case 'failed': {
      if (!isOpen(state) || isIssued(state)) throw misplaced(state, event);
      const { plan, name: at } = state;
      return { name: 'failed', plan, at, code: event.code, details: event.details, leftover: event.leftover };
    }
    case 'abandoned': {
      if (!isCancellable(state)) throw misplaced(state, event);
      return { name: 'abandoned', plan: state.plan, at: state.name, leftover: event.leftover };
    }
  }
}

function expected<N extends State['name']>(state: State, name: N, event: Event): StateOf<N> {
  if (state.name !== name) throw misplaced(state, event);
  return state as StateOf<N>;
}

function waiting(state: State, event: Event): StateOf<'sent' | 'pending'> {
  if (state.name === 'sent' || state.name === 'pending') return state;
  throw misplaced(state, event);
}

function misplaced(state: State, event: Event): AgentError {
  return new AgentError('ERR_INTERNAL_FAILED', { state: state.name, event: event.event });
}
