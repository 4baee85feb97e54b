/**
 * 電子証明書ログイン: the key of a customer's certificate signs the bank's nonce for the page's own origin. The answer is a
 * Web eID authentication token, which the bank's server verifies with libraries that exist.
 */
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Result } from '../../web-bridge/protocol/methods.ts';
import { isForClients, type ParsedCertificate } from '../../web-bridge/x509/certificate.ts';
import { keyTypeOf } from '../../web-bridge/x509/public-key.ts';
import { isAcceptable, isValidAt } from '../policy/customer-certificates.ts';
import { loginPlanFor } from '../policy/plan.ts';
import type { LoginPlan } from '../ports/plan.ts';
import type { CertificateAtHand, LoginSignature } from '../ports/token.ts';
import { certificatesOn } from './certificates.ts';
import { verifyChallenge } from './login-challenge.ts';
import { carryOut, type Operation, type World } from './operation.ts';
import { openSession } from './session.ts';

const LOGIN: Operation<LoginPlan, readonly CertificateAtHand[], Login> = {
  purpose: 'authenticate',
  planFor: loginPlanFor,
  find: usableCertificates,
  async choose(plan, certificates, { ports, signal }) {
    const [only] = certificates;
    return only && certificates.length === 1
      ? only
      : await ports.human.chooseCertificate({ plan, certificates }, signal);
  },
  async perform(plan, certificate, world) {
    return { ...(await sign(plan, certificate, world)), certificate: certificate.parsed };
  },
};
type Login = LoginSignature & { readonly certificate: ParsedCertificate };

/**
 * @param appVersion which program made the answer; informative in the Web eID specification
 * @throws as {@link carryOut}
 */
export async function logIn(
  order: string,
  origin: string,
  appVersion: string,
  world: World,
): Promise<Result<'authenticate'>> {
  const { certificate, algorithm, signature } = await carryOut(LOGIN, order, origin, world);
  return {
    format: 'web-eid:1.0',
    unverifiedCertificate: Buffer.from(certificate.der).toString('base64'),
    algorithm,
    signature: Buffer.from(signature).toString('base64'),
    appVersion,
  };
}

/** @throws AgentError ERR_TOKEN_MISSING, ERR_TOKEN_NOT_ACCEPTED, ERR_TOKEN_CERTIFICATE_MISSING, ERR_TOKEN_CERTIFICATE_EXPIRED */
async function usableCertificates(plan: LoginPlan, { ports, signal }: World): Promise<CertificateAtHand[]> {
  const present = await ports.tokens.list(signal);
  if (present.length === 0) throw new AgentError('ERR_TOKEN_MISSING');
  const tokens = present.filter((token) => isAcceptable(token, plan.tokens));
  if (tokens.length === 0) throw new AgentError('ERR_TOKEN_NOT_ACCEPTED', { tokens: present.length });
  const lists = await Promise.all(tokens.map((token) => certificatesOn(token, plan.issuers, ports, signal)));
  const ours = lists.flat().filter(({ parsed }) => logsIn(parsed));
  if (ours.length === 0) throw new AgentError('ERR_TOKEN_CERTIFICATE_MISSING');
  const now = ports.clock.now();
  const valid = ours.filter(({ parsed }) => isValidAt(parsed, now));
  if (valid.length === 0) throw new AgentError('ERR_TOKEN_CERTIFICATE_EXPIRED');
  return valid;
}

/** What the bank's server asks of it (`web-bridge/bank/LOGIN.md`), and a key that a token host signs with. */
function logsIn(parsed: ParsedCertificate): boolean {
  return isForClients(parsed) && keyTypeOf(parsed.spki) !== undefined;
}

async function sign(
  plan: LoginPlan,
  { token, parsed }: CertificateAtHand,
  { ports, signal }: World,
): Promise<LoginSignature> {
  const { profile, bank, account, deadlines, origin, nonce } = plan;
  const pin = { profile, purpose: 'authenticate', bank, ...(account ? { account: account.display } : {}) } as const;
  const { session, close } = await openSession({ token, pin, deadlines }, ports, signal);
  try {
    const signed = await session.authenticate(parsed.der, origin, nonce);
    verifyChallenge(parsed, signed, origin, nonce);
    return signed;
  } finally {
    // The page does not wait for C_Finalize. Whoever wants the token next does.
    void close();
  }
}
