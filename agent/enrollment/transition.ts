/** The events of an enrollment, and the one function that gives the next state. */
import type { CsrDer } from '../../web-bridge/asn1/der.ts';
import { AgentError, type ErrorCode, type ErrorDetails } from '../../web-bridge/protocol/errors.ts';
import type { Proof } from '../../web-bridge/protocol/methods.ts';
import type { IssuedCertificate, RemainingKey, State, StateOf } from '../ports/state.ts';
import type { GeneratedKey } from '../ports/token.ts';
import { isCancellable, isIssued, isOpen } from '../records/states.ts';

export type Event =
  | { readonly event: 'key-generated'; readonly key: GeneratedKey }
  | { readonly event: 'csr-signed'; readonly csr: CsrDer }
  /** The request is about to be sent. This is journaled before its first byte is sent. */
  | { readonly event: 'sending'; readonly sentAt: number }
  /** The CA has not processed the request, so that it may be sent again. */
  | { readonly event: 'unsent' }
  | { readonly event: 'pending'; readonly nextAt: number; readonly deadlineAt: number }
  | ({ readonly event: 'issued' } & IssuedCertificate)
  | { readonly event: 'stored' }
  | { readonly event: 'proven'; readonly proof: Proof }
  | {
      readonly event: 'failed';
      readonly code: ErrorCode;
      readonly details: ErrorDetails;
      readonly leftover: RemainingKey;
    }
  | { readonly event: 'abandoned'; readonly leftover: RemainingKey };

/** The state after an event. Pure and exhaustive. @throws AgentError ERR_INTERNAL_FAILED if the event cannot follow the state */
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
      const sent = sentOrPending(state, event);
      return { ...sent, name: 'pending', nextAt: event.nextAt, deadlineAt: event.deadlineAt };
    }
    case 'issued': {
      const { plan, token, ckaId, key, csr } = sentOrPending(state, event);
      const { event: _, ...issued } = event;
      return { name: 'issued', plan, token, ckaId, key, csr, ...issued };
    }
    case 'stored':
      return { ...expected(state, 'issued', event), name: 'stored' };
    case 'proven':
      return { ...expected(state, 'stored', event), name: 'completed', proof: event.proof };
    case 'failed': {
      if (!isOpen(state) || isIssued(state)) throw unexpected(state, event);
      const { plan, name: at } = state;
      return { name: 'failed', plan, at, code: event.code, details: event.details, leftover: event.leftover };
    }
    case 'abandoned': {
      if (!isCancellable(state)) throw unexpected(state, event);
      return { name: 'abandoned', plan: state.plan, at: state.name, leftover: event.leftover };
    }
  }
}

function expected<N extends State['name']>(state: State, name: N, event: Event): StateOf<N> {
  if (state.name !== name) throw unexpected(state, event);
  return state as StateOf<N>;
}

function sentOrPending(state: State, event: Event): StateOf<'sent' | 'pending'> {
  if (state.name === 'sent' || state.name === 'pending') return state;
  throw unexpected(state, event);
}

function unexpected(state: State, event: Event): AgentError {
  return new AgentError('ERR_INTERNAL_FAILED', { state: state.name, event: event.event });
}
