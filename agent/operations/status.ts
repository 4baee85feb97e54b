/** What a bank's page may know of this PC: whether a token that it accepts is present, and when certificates may be renewed. */
import type { Profile } from '../../native-config/schema.ts';
import { AgentError, asAgentError } from '../../web-bridge/protocol/errors.ts';
import { RENEWALS_MAX, type RenewalStatus } from '../../web-bridge/protocol/methods.ts';
import { customerCertificates, isAcceptable } from '../policy/customer-certificates.ts';
import { renewalOf } from '../policy/renewal.ts';
import type { Ports } from '../ports/ports.ts';
import type { StoredCertificate, TokenDescription } from '../ports/token.ts';
import type { OperationContext } from './operation.ts';

export type DeviceStatus = {
  readonly tokenPresent: boolean;
  readonly renewal: Profile['renewal'] & { readonly certificates: RenewalStatus[] };
};

/** @throws AgentError ERR_POLICY_PROFILE_UNKNOWN if no profile has this origin */
export async function deviceStatus(
  origin: string,
  { ports, profiles, signal }: OperationContext,
): Promise<DeviceStatus> {
  const profile = profiles.find(({ origins }) => origins.includes(origin));
  if (!profile) throw new AgentError('ERR_POLICY_PROFILE_UNKNOWN');
  const all = await ports.tokens.list(signal);
  const tokens = all.filter((token) => isAcceptable(token, profile.tokens));
  const stored = await Promise.all(tokens.map((token) => storedOn(token, ports, signal)));
  const certificates = renewals(stored.flat(), profile, ports.clock.now());
  return { tokenPresent: tokens.length > 0, renewal: { ...profile.renewal, certificates } };
}

/** Empty if the token fails, so that the other tokens are still listed. */
async function storedOn(token: TokenDescription, ports: Ports, signal: AbortSignal): Promise<StoredCertificate[]> {
  try {
    return await ports.tokens.certificates(token, signal);
  } catch (error) {
    ports.report('status: a token is left out', { code: asAgentError(error).code });
    return [];
  }
}

/** The newest certificate of each holder. Older ones wait for their removal and are not renewed. */
function renewals(stored: StoredCertificate[], profile: Profile, now: number): RenewalStatus[] {
  const newest = new Map<string, RenewalStatus>();
  for (const { parsed } of customerCertificates(stored, profile.issuers, now)) {
    const holder = Buffer.from(parsed.subject).toString('base64');
    if (!newest.has(holder)) newest.set(holder, renewalOf(parsed.notAfter, profile.renewal, now));
  }
  return [...newest.values()].slice(0, RENEWALS_MAX);
}
