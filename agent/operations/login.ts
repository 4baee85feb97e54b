/**
 * 電子証明書ログイン (log-in with a certificate). The key of a customer's certificate signs the bank's nonce and the page's
 * origin. The result is a Web eID authentication token, so that the bank's server can verify it with existing libraries.
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
import { carryOut, type Operation, type OperationContext } from './operation.ts';
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
  async perform(plan, certificate, context) {
    return { ...(await sign(plan, certificate, context)), certificate: certificate.parsed };
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
  context: OperationContext,
): Promise<Result<'authenticate'>> {
  const { certificate, algorithm, signature } = await carryOut(LOGIN, order, origin, context);
  return {
    format: 'web-eid:1.0',
    unverifiedCertificate: Buffer.from(certificate.der).toString('base64'),
    algorithm,
    signature: Buffer.from(signature).toString('base64'),
    appVersion,
  };
}

/** @throws AgentError ERR_TOKEN_MISSING, ERR_TOKEN_NOT_ACCEPTED, ERR_TOKEN_CERTIFICATE_MISSING, ERR_TOKEN_CERTIFICATE_EXPIRED */
async function usableCertificates(plan: LoginPlan, { ports, signal }: OperationContext): Promise<CertificateAtHand[]> {
  const present = await ports.tokens.list(signal);
  if (present.length === 0) throw new AgentError('ERR_TOKEN_MISSING');
  const tokens = present.filter((token) => isAcceptable(token, plan.tokens));
  if (tokens.length === 0) throw new AgentError('ERR_TOKEN_NOT_ACCEPTED', { tokens: present.length });
  const lists = await Promise.all(tokens.map((token) => certificatesOn(token, plan.issuers, ports, signal)));
  const ours = lists.flat().filter(({ parsed }) => isForLogin(parsed));
  if (ours.length === 0) throw new AgentError('ERR_TOKEN_CERTIFICATE_MISSING');
  const now = ports.clock.now();
  const valid = ours.filter(({ parsed }) => isValidAt(parsed, now));
  if (valid.length === 0) throw new AgentError('ERR_TOKEN_CERTIFICATE_EXPIRED');
  return valid;
}

/**
 * Whether the bank's server accepts the certificate for a log-in (`web-bridge/bank/LOGIN.md`), and a token host can sign with its
 * type of key.
 */
function isForLogin(parsed: ParsedCertificate): boolean {
  return isForClients(parsed) && keyTypeOf(parsed.spki) !== undefined;
}

async function sign(
  plan: LoginPlan,
  { token, parsed }: CertificateAtHand,
  { ports, signal }: OperationContext,
): Promise<LoginSignature> {
  const { profile, bank, account, deadlines, origin, nonce } = plan;
  const pin = { profile, purpose: 'authenticate', bank, ...(account ? { account: account.display } : {}) } as const;
  const { session, close } = await openSession({ token, pin, deadlines }, ports, signal);
  try {
    const signed = await session.authenticate(parsed.der, origin, nonce);
    verifyChallenge(parsed, signed, origin, nonce);
    return signed;
  } finally {
    // The page gets its answer before C_Finalize has run. The token's lock is held until then.
    void close();
  }
}
