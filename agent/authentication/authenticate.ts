/**
 * 電子証明書ログイン: the key of a customer's certificate signs the bank's nonce for the page's own origin. The answer is a
 * Web eID authentication token; the bank's server verifies it with libraries that exist.
 */
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Result } from '../../web-bridge/protocol/methods.ts';
import { extendedKeyUsages, keyUsages, type ParsedCertificate } from '../../web-bridge/x509/certificate.ts';
import { keyTypeOf } from '../../web-bridge/x509/public-key.ts';
import type { CertificateAtHand, LoginSignature, Ports, TokenSession } from '../enrollment/ports.ts';
import { customerCertificates, isAcceptable, isValidAt } from '../policy/customer-certificates.ts';
import { checkValidity, type Profile, verifyOrder } from '../policy/order.ts';
import { type LoginPlan, loginPlanFor } from '../policy/plan.ts';
import { verifyChallenge } from './challenge.ts';

/** Informative (the specification's `appVersion`): which program made the token. */
const APP_URL = 'https://inkan.example/releases/';
/** id-kp-clientAuth, RFC 5280 §4.2.1.12. */
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

export type Authentication = {
  readonly ports: Ports;
  readonly profiles: readonly Profile[];
  readonly version: string;
  /** Does the work, and where no fitting token is plugged in, again once one is; the human is asked for it meanwhile. */
  readonly onceInserted: <T>(plan: LoginPlan, work: () => Promise<T>) => Promise<T>;
  /** Aborted when the page goes away, or the agent ends: the dialog then closes. */
  readonly signal: AbortSignal;
};

/**
 * The order is spent once the human has consented; a second time it is refused.
 * @param origin of the handshake
 * @throws AgentError ERR_POLICY_*, ERR_TOKEN_*, ERR_USER_*, ERR_BRIDGE_BUSY
 */
export async function authenticate(
  order: string,
  origin: string,
  { ports, profiles, version, onceInserted, signal }: Authentication,
): Promise<Result<'authenticate'>> {
  const verified = await verifyOrder(order, origin, 'authenticate', profiles);
  checkValidity(verified.claims, ports.clock.now());
  const plan = loginPlanFor(verified);
  await ports.spentOrders.check(plan.jti);
  const held = ports.attention.take(origin);
  try {
    const certificates = await onceInserted(plan, () => usableCertificates(plan, ports, signal));
    const certificate = await chosenOf(certificates, plan, ports, signal);
    await ports.human.consent({ plan, ...certificate }, signal);
    held.approved();
    await ports.spentOrders.spend(plan.jti, plan.spentUntil, signal);
    return answerOf(certificate.parsed, await sign(plan, certificate, ports, signal), version);
  } catch (error) {
    if (error instanceof AgentError && error.code === 'ERR_USER_REFUSED') held.refused();
    throw error;
  } finally {
    held.release();
  }
}

async function chosenOf(
  certificates: readonly CertificateAtHand[],
  plan: LoginPlan,
  ports: Ports,
  signal: AbortSignal,
): Promise<CertificateAtHand> {
  const [only] = certificates;
  return only && certificates.length === 1 ? only : await ports.human.chooseCertificate({ plan, certificates }, signal);
}

/** @throws AgentError ERR_TOKEN_MISSING, ERR_TOKEN_NOT_ACCEPTED, ERR_TOKEN_CERTIFICATE_MISSING, ERR_TOKEN_CERTIFICATE_EXPIRED */
async function usableCertificates(plan: LoginPlan, ports: Ports, signal: AbortSignal): Promise<CertificateAtHand[]> {
  const present = (await ports.tokens.list(signal)).filter(({ initialized }) => initialized);
  if (present.length === 0) throw new AgentError('ERR_TOKEN_MISSING');
  const tokens = present.filter((token) => isAcceptable(token, plan.tokens));
  if (tokens.length === 0) throw new AgentError('ERR_TOKEN_NOT_ACCEPTED', { tokens: present.length });
  const now = ports.clock.now();
  const lists = await Promise.all(
    tokens.map(async (token) => {
      const stored = await ports.tokens.certificates(token, signal);
      return customerCertificates(stored, plan.issuers, now).map(({ parsed }) => ({ token, parsed }));
    }),
  );
  const ours = lists.flat().filter(({ parsed }) => logsIn(parsed));
  if (ours.length === 0) throw new AgentError('ERR_TOKEN_CERTIFICATE_MISSING');
  const valid = ours.filter(({ parsed }) => isValidAt(parsed, now));
  if (valid.length === 0) throw new AgentError('ERR_TOKEN_CERTIFICATE_EXPIRED');
  return valid;
}

/** What the bank's server asks of it (`web-bridge/bank/LOGIN.md`), and a key that a token host signs with. */
function logsIn(parsed: ParsedCertificate): boolean {
  const signs = keyUsages(parsed)?.('digitalSignature') ?? true;
  return signs && extendedKeyUsages(parsed).includes(CLIENT_AUTH) && keyTypeOf(parsed.spki) !== undefined;
}

async function sign(
  plan: LoginPlan,
  { token, parsed }: CertificateAtHand,
  ports: Ports,
  signal: AbortSignal,
): Promise<LoginSignature> {
  const { profile, bank, account, deadlines, origin, nonce } = plan;
  const pin = { profile, purpose: 'authenticate', bank, ...(account ? { account: account.display } : {}) } as const;
  const unlock = await ports.locks.holdToken(token, signal);
  const session = await ports.tokens.open(token, pin, deadlines, signal).catch(async (error: unknown) => {
    await unlock();
    throw error;
  });
  try {
    const signed = await session.authenticate(parsed.der, origin, nonce);
    verifyChallenge(parsed, signed, origin, nonce);
    return signed;
  } finally {
    void leave(session, unlock);
  }
}

/** The page need not wait for the module's farewell; whoever wants the token next has to. */
async function leave(session: TokenSession, unlock: () => Promise<void>): Promise<void> {
  await session.close();
  await unlock();
}

function answerOf(
  { der }: ParsedCertificate,
  { algorithm, signature }: LoginSignature,
  version: string,
): Result<'authenticate'> {
  return {
    format: 'web-eid:1.0',
    unverifiedCertificate: Buffer.from(der).toString('base64'),
    algorithm,
    signature: Buffer.from(signature).toString('base64'),
    appVersion: `${APP_URL}${version}`,
  };
}
