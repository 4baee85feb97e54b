/** What one run of an enrollment works with. */
import type { EnrollmentId } from '../../web-bridge/protocol/methods.ts';
import type { Ports } from '../ports/ports.ts';
import type { CaCertificates } from './ca-certificates.ts';
import type { EnrollmentSession } from './token-session.ts';

export type Context = {
  readonly ports: Ports;
  readonly enrollment: EnrollmentId;
  readonly token: EnrollmentSession;
  readonly caCertificates: CaCertificates;
  readonly signal: AbortSignal;
  /** Whether this very run journaled *sent*: after a restart nobody knows if the request went out. */
  readonly sending: boolean;
};
