/** Three questions about the state in a record. */
import type { OpenState, State } from '../ports/state.ts';

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
