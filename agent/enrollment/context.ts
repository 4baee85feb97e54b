/** What the steps of one run of an enrollment work with. */
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
  /** Whether this run journaled *sent*. If an earlier run did, nobody knows whether the request was sent. */
  readonly sending: boolean;
};
