/** Before anything is made: which token, which key type, and does the human want it. Nothing is journaled until they do. */

import { AgentError } from '../../web-bridge/protocol/errors.ts';
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
import { type Beginning, beginWith, findLost, type Lost } from './lost-answer.ts';

/** 20 bytes: accepted by every module that takes a CKA_ID at all (tokens of 16–20 bytes were seen to work). */
const CKA_ID_BYTES = 20;

export type Prepared = {
  readonly state: Beginning;
  readonly secret: string;
  /** The older enrollment whose key it goes on with. */
  readonly lost?: Lost;
};

/**
 * Looks at the tokens and at what the CA demands, and asks the human.
 * @throws AgentError ERR_TOKEN_*, ERR_CA_*, ERR_USER_REFUSED, ERR_USER_TIMEOUT, ERR_USER_UNREACHABLE
 */
export async function prepare(accepted: AcceptedOrder, ports: Ports, signal: AbortSignal): Promise<Prepared> {
  const { secret } = accepted;
  const demands = demandsOf(accepted.plan, ports, signal);
  const look = () => withPrevious(accepted.plan, ports, signal);
  const { plan, tokens } = await retryOnInsertion(accepted.plan, ports, signal, look);
  const fitting = await unlocked(plan, fittingTokens(plan, tokens), ports, signal);
  const lost = await findLost(plan, fitting, ports);
  const token = lost?.token ?? (await chooseToken(plan, fitting, ports, signal));
  const keyType = await chooseKeyType(plan, token, lost?.keyType, demands);
  await ports.human.consent({ plan, token, keyType }, signal);
  const authorization = secret ?? (await ports.human.authorizationCode({ plan }, signal));
  const consented = { plan: { ...plan, keys: [keyType] }, token: identityOf(token) };
  if (lost?.keyType === keyType) return { state: beginWith(lost, consented), secret: authorization, lost };
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

/** The tokens that the bank accepts; a renewal belongs on the one that holds the certificate it replaces. */
async function withPrevious(
  plan: Plan,
  ports: Ports,
  signal: AbortSignal,
): Promise<{ readonly plan: Plan; readonly tokens: TokenDescription[] }> {
  const present = await ports.tokens.list(signal, plan.deadlines);
  const tokens = narrowed(
    present,
    'ERR_TOKEN_MISSING',
    (token) => isAcceptable(token, plan.tokens),
    'ERR_TOKEN_NOT_ACCEPTED',
  );
  if (!plan.replaces) return { plan, tokens };
  const { holders, certificate } = await findReplaced(plan, plan.replaces, tokens, ports, signal);
  const expired = certificate.notAfter.getTime() < ports.clock.now();
  return { plan: { ...plan, previous: { certificate: toPem(certificate.der), expired } }, tokens: holders };
}

/** Each filter that leaves nothing says by its own code why. */
function fittingTokens(plan: Plan, accepted: TokenDescription[]): TokenDescription[] {
  const able = narrowed(
    accepted,
    'ERR_TOKEN_MISSING',
    (token) => usable(plan, token).length > 0,
    'ERR_TOKEN_CANNOT_CREATE_KEYS',
  );
  const writable = narrowed(
    able,
    'ERR_TOKEN_MISSING',
    ({ writeProtected }) => !writeProtected,
    'ERR_TOKEN_WRITE_PROTECTED',
  );
  const withPin = narrowed(
    writable,
    'ERR_TOKEN_MISSING',
    ({ userPinInitialized }) => userPinInitialized,
    'ERR_TOKEN_PIN_NOT_SET',
  );
  return withPin;
}

/** Nobody types a PIN in vain: where it is locked, the human hears what to do before being asked anything. */
async function unlocked(
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

function narrowed(
  tokens: TokenDescription[],
  whenEmpty: 'ERR_TOKEN_MISSING',
  fits: (token: TokenDescription) => boolean,
  whenNoneFits: ConstructorParameters<typeof AgentError>[0],
): TokenDescription[] {
  if (tokens.length === 0) throw new AgentError(whenEmpty);
  const fitting = tokens.filter(fits);
  if (fitting.length === 0) throw new AgentError(whenNoneFits, { tokens: tokens.length });
  return fitting;
}

type Replaced = { readonly holders: TokenDescription[]; readonly certificate: ParsedCertificate };

/**
 * The certificate that the order names, and the tokens that hold it. Nobody's certificate is replaced by another person's.
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

/** Asked while the token is looked at. What comes of it counts when it is needed: a missing token is told first. */
function demandsOf(plan: Plan, ports: Ports, signal: AbortSignal): () => Promise<RequestDemands> {
  const asked = ports.connectCa(plan.service, plan.deadlines.caMs).demands(signal);
  asked.catch(() => undefined);
  return () => asked;
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

/** What the order prefers, the token can make and the CA wants (RFC 7030 §2.6: asked before a key is made). */
async function chooseKeyType(
  plan: Plan,
  token: TokenDescription,
  existing: KeyType | undefined,
  demands: () => Promise<RequestDemands>,
): Promise<KeyType> {
  const wanted = (await demands()).keys;
  const keyType = [...(existing ? [existing] : []), ...usable(plan, token)].find(
    (type) => wanted === undefined || wanted.includes(type),
  );
  if (!keyType) throw new AgentError('ERR_CA_ATTRIBUTES_UNSUPPORTED', { wanted: wanted?.join(' ') ?? '' });
  return keyType;
}

function usable(plan: Plan, token: TokenDescription): KeyType[] {
  return plan.keys.filter((type) => token.keyTypes.includes(type));
}
