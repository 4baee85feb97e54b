/** Predicates on the state of an enrollment. */
import type { OpenState, State } from '../ports/state.ts';

export function isOpen(state: State): state is OpenState {
  return state.name !== 'completed' && state.name !== 'failed' && state.name !== 'abandoned';
}

/** An enrollment can be cancelled until its request is sent, because until then the CA knows nothing of it. */
export function isCancellable({ name }: State): boolean {
  return name === 'consented' || name === 'key-generated' || name === 'csr-signed';
}

/** A certificate exists from this state on. So the key is never destroyed, and after an error the enrollment waits. */
export function isIssued({ name }: State): boolean {
  return name === 'issued' || name === 'stored' || name === 'completed';
}
