/** Prepares an enrollment: chooses the token and the key type, and asks the human for consent. Nothing is journaled before. */

import { AgentError, type ErrorCode } from '../../web-bridge/protocol/errors.ts';
import type { KeyType } from '../../web-bridge/protocol/order.ts';
import { type ParsedCertificate, toPem } from '../../web-bridge/x509/certificate.ts';
import { isOrderedSubject } from '../../web-bridge/x509/names.ts';
import { certificatesOn } from '../operations/certificates.ts';
import { retryOnInsertion } from '../operations/token-insertion.ts';
import { isAcceptable, isNamed } from '../policy/customer-certificates.ts';
import type { AcceptedOrder } from '../policy/plan.ts';
import type { RequestDemands } from '../ports/ca.ts';
import type { Plan } from '../ports/plan.ts';
import type { Ports } from '../ports/ports.ts';
import type { TokenDescription, TokenIdentity } from '../ports/token.ts';
import { type FirstState, findLost, firstStateAfter, type LostEnrollment } from './lost-answer.ts';

/** Every module that accepts a CKA_ID accepts 20 bytes (16 to 20 bytes were seen to work). */
const CKA_ID_BYTES = 20;

export type Prepared = {
  readonly state: FirstState;
  /** The one-time secret for the CA. */
  readonly secret: string;
  /** The older enrollment whose key it uses. */
  readonly lost?: LostEnrollment;
};

/**
 * Lists the tokens, asks the CA for its demands, and asks the human for consent.
 * @throws AgentError ERR_TOKEN_*, ERR_CA_*, ERR_USER_REFUSED, ERR_USER_TIMEOUT, ERR_USER_UNREACHABLE
 */
export async function prepare(accepted: AcceptedOrder, ports: Ports, signal: AbortSignal): Promise<Prepared> {
  const { secret } = accepted;
  const demands = requestDemands(accepted.plan, ports, signal);
  const find = () => findTokens(accepted.plan, ports, signal);
  const { plan, tokens } = await retryOnInsertion(accepted.plan, ports, signal, find);
  const fitting = await withoutLockedPin(plan, fittingTokens(plan, tokens), ports, signal);
  const lost = await findLost(plan, fitting, ports);
  const token = lost?.token ?? (await chooseToken(plan, fitting, ports, signal));
  const keyType = await chooseKeyType(plan, token, lost?.keyType, demands);
  await ports.human.consent({ plan, token, keyType }, signal);
  const authorization = secret ?? (await ports.human.authorizationCode({ plan }, signal));
  const consented = { plan: { ...plan, keys: [keyType] }, token: identityOf(token) };
  if (lost?.keyType === keyType) return { state: firstStateAfter(lost, consented), secret: authorization, lost };
  return { state: { name: 'consented', ...consented, ckaId: ports.random(CKA_ID_BYTES) }, secret: authorization };
}

function identityOf({
  module,
  label,
  serialNumber,
  manufacturer,
  model,
  slotDescription,
}: TokenDescription): TokenIdentity {
  return { module, label, serialNumber, manufacturer, model, slotDescription };
}

/** The tokens that the bank accepts. A renewal must use the token that holds the certificate to be replaced. */
async function findTokens(
  plan: Plan,
  ports: Ports,
  signal: AbortSignal,
): Promise<{ readonly plan: Plan; readonly tokens: TokenDescription[] }> {
  const present = await ports.tokens.list(signal, plan.deadlines);
  if (present.length === 0) throw new AgentError('ERR_TOKEN_MISSING');
  const tokens = filtered(present, (token) => isAcceptable(token, plan.tokens), 'ERR_TOKEN_NOT_ACCEPTED');
  if (!plan.replaces) return { plan, tokens };
  const { holders, certificate } = await findReplaced(plan, plan.replaces, tokens, ports, signal);
  const expired = certificate.notAfter.getTime() < ports.clock.now();
  return { plan: { ...plan, previous: { certificate: toPem(certificate.der), expired } }, tokens: holders };
}

/** The tokens on which a key can be made. */
function fittingTokens(plan: Plan, accepted: TokenDescription[]): TokenDescription[] {
  const able = filtered(accepted, (token) => usableKeyTypes(plan, token).length > 0, 'ERR_TOKEN_CANNOT_CREATE_KEYS');
  const writable = filtered(able, ({ writeProtected }) => !writeProtected, 'ERR_TOKEN_WRITE_PROTECTED');
  return filtered(writable, ({ userPinInitialized }) => userPinInitialized, 'ERR_TOKEN_PIN_NOT_SET');
}

/** The tokens whose PIN is not locked. If there is none, shows the bank's help before anything is asked. */
async function withoutLockedPin(
  plan: Plan,
  tokens: TokenDescription[],
  ports: Ports,
  signal: AbortSignal,
): Promise<TokenDescription[]> {
  const [locked] = tokens;
  const open = tokens.filter(({ pinLocked }) => !pinLocked);
  if (open.length > 0 || !locked) return open;
  await ports.human.showPinLocked({ plan, token: locked }, signal).catch(() => undefined);
  throw new AgentError('ERR_TOKEN_PIN_LOCKED', { tokens: tokens.length });
}

/** @throws AgentError `code` if no token fits */
function filtered(
  tokens: TokenDescription[],
  fits: (token: TokenDescription) => boolean,
  code: ErrorCode,
): TokenDescription[] {
  const fitting = tokens.filter(fits);
  if (fitting.length === 0) throw new AgentError(code, { tokens: tokens.length });
  return fitting;
}

type Replaced = { readonly holders: TokenDescription[]; readonly certificate: ParsedCertificate };

/**
 * Finds the certificate that the order names, and the tokens that hold it. Its subject must be the one in the order, so that no
 * certificate is replaced by another person's.
 * @throws AgentError ERR_TOKEN_CERTIFICATE_MISSING, ERR_TOKEN_CERTIFICATE_FOREIGN, ERR_POLICY_REPLACES_ANOTHER
 */
async function findReplaced(
  plan: Plan,
  replaces: NonNullable<Plan['replaces']>,
  tokens: readonly TokenDescription[],
  ports: Ports,
  signal: AbortSignal,
): Promise<Replaced> {
  const lists = await Promise.all(tokens.map((token) => certificatesOn(token, plan.issuers, ports, signal)));
  const holding = lists.flatMap((list) => list.find(({ parsed }) => isNamed(parsed, replaces)) ?? []);
  const certificate = holding[0]?.parsed;
  if (!certificate) {
    const others = lists.some((list) => list.length > 0);
    throw new AgentError(others ? 'ERR_TOKEN_CERTIFICATE_FOREIGN' : 'ERR_TOKEN_CERTIFICATE_MISSING');
  }
  if (!isOrderedSubject(certificate.subject, plan.subject, plan.rdnOrder))
    throw new AgentError('ERR_POLICY_REPLACES_ANOTHER', { serialNumber: certificate.serialNumber });
  return { holders: holding.map(({ token }) => token), certificate };
}

/**
 * Asks the CA while the tokens are listed. Its answer or error counts only when the returned function is called, so that a
 * missing token is reported first.
 */
function requestDemands(plan: Plan, ports: Ports, signal: AbortSignal): () => Promise<RequestDemands> {
  const demands = ports.connectCa(plan.service, plan.deadlines.caMs).demands(signal);
  demands.catch(() => undefined);
  return () => demands;
}

async function chooseToken(
  plan: Plan,
  tokens: TokenDescription[],
  ports: Ports,
  signal: AbortSignal,
): Promise<TokenDescription> {
  const [only] = tokens;
  return only && tokens.length === 1 ? only : await ports.human.chooseToken({ plan, tokens }, signal);
}

/** The first type in the order's list that the token can make and the CA accepts. The key of a lost enrollment comes first. */
async function chooseKeyType(
  plan: Plan,
  token: TokenDescription,
  existing: KeyType | undefined,
  demands: () => Promise<RequestDemands>,
): Promise<KeyType> {
  const accepted = (await demands()).keys;
  const keyType = [...(existing ? [existing] : []), ...usableKeyTypes(plan, token)].find(
    (type) => accepted === undefined || accepted.includes(type),
  );
  if (!keyType) throw new AgentError('ERR_CA_ATTRIBUTES_UNSUPPORTED', { wanted: accepted?.join(' ') ?? '' });
  return keyType;
}

function usableKeyTypes(plan: Plan, token: TokenDescription): KeyType[] {
  return plan.keys.filter((type) => token.keyTypes.includes(type));
}
