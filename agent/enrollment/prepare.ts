/** Before anything is made: which token, which key type, and does the human want it. Nothing is journaled until they do. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { KeyType } from '../../web-bridge/protocol/order.ts';
import type { Accepted, Plan } from '../policy/plan.ts';
import { parseCertificate } from '../x509/certificate.ts';
import type { CertificateDer } from '../x509/der.ts';
import type { Ports, TokenDescription } from './ports.ts';
import type { StateOf } from './state.ts';

/** 20 bytes: accepted by every module that takes a CKA_ID at all (tokens of 16–20 bytes were seen to work). */
const CKA_ID_BYTES = 20;

export type Prepared = { readonly state: StateOf<'consented'>; readonly secret: string };

/**
 * Looks at the tokens and at what the CA demands, and asks the human.
 * @throws AgentError ERR_TOKEN_*, ERR_CA_*, ERR_USER_REFUSED, ERR_USER_TIMEOUT, ERR_USER_UNREACHABLE
 */
export async function prepare({ plan, secret }: Accepted, ports: Ports, signal: AbortSignal): Promise<Prepared> {
  const fitting = await fittingTokens(plan, ports, signal);
  const token = await chooseToken(plan, fitting, ports, signal);
  const keyType = await chooseKeyType(plan, token, ports, signal);
  await ports.human.consent({ plan, token, keyType }, signal);
  const authorization = secret ?? (await ports.human.authorizationCode({ plan }, signal));
  const { module, label, serialNumber, manufacturer, model, slotDescription } = token;
  const identity = { module, label, serialNumber, manufacturer, model, slotDescription };
  const ckaId = ports.random(CKA_ID_BYTES);
  return {
    state: { name: 'consented', plan: { ...plan, keys: [keyType] }, token: identity, ckaId },
    secret: authorization,
  };
}

/** Whether a token is plugged in that this plan or profile could use; the answer to a page's `status`. */
export function isAcceptable(token: TokenDescription, accepted: Plan['tokens']): boolean {
  const matches = (match: Plan['tokens'][number]) =>
    (match.label === undefined || match.label === token.label) &&
    (match.manufacturer === undefined || match.manufacturer === token.manufacturer) &&
    (match.model === undefined || match.model === token.model);
  return token.initialized && (accepted.length === 0 || accepted.some(matches));
}

/** Each filter that leaves nothing says by its own code why. */
async function fittingTokens(plan: Plan, ports: Ports, signal: AbortSignal): Promise<TokenDescription[]> {
  const present = (await ports.tokens.list(signal, plan.deadlines)).filter(({ initialized }) => initialized);
  const accepted = narrowed(
    present,
    'ERR_TOKEN_MISSING',
    (token) => isAcceptable(token, plan.tokens),
    'ERR_TOKEN_NOT_ACCEPTED',
  );
  const held = plan.replaces ? await holders(plan.replaces, accepted, ports, signal) : accepted;
  const able = narrowed(
    held,
    'ERR_TOKEN_CERTIFICATE_MISSING',
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
  return narrowed(withPin, 'ERR_TOKEN_MISSING', ({ pinLocked }) => !pinLocked, 'ERR_TOKEN_PIN_LOCKED');
}

function narrowed(
  tokens: TokenDescription[],
  whenEmpty: 'ERR_TOKEN_MISSING' | 'ERR_TOKEN_CERTIFICATE_MISSING',
  fits: (token: TokenDescription) => boolean,
  whenNoneFits: ConstructorParameters<typeof AgentError>[0],
): TokenDescription[] {
  if (tokens.length === 0) throw new AgentError(whenEmpty);
  const fitting = tokens.filter(fits);
  if (fitting.length === 0) throw new AgentError(whenNoneFits, { tokens: tokens.length });
  return fitting;
}

/** A renewal belongs on the token that holds the certificate it replaces. */
async function holders(
  replaces: NonNullable<Plan['replaces']>,
  tokens: TokenDescription[],
  ports: Ports,
  signal: AbortSignal,
): Promise<TokenDescription[]> {
  const holds = await Promise.all(
    tokens.map(async (token) => {
      const stored = await ports.tokens.certificates(token, signal);
      return stored.some(({ certificate }) => isNamed(certificate, replaces));
    }),
  );
  return tokens.filter((_, index) => holds[index]);
}

/** A token may hold what is no certificate at all: that is not the one that is looked for. */
function isNamed(certificate: CertificateDer, { issuer, serialNumber }: NonNullable<Plan['replaces']>): boolean {
  try {
    const parsed = parseCertificate(certificate);
    return Buffer.from(parsed.issuer).toString('base64') === issuer && parsed.serialNumber === serialNumber;
  } catch {
    return false;
  }
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
async function chooseKeyType(plan: Plan, token: TokenDescription, ports: Ports, signal: AbortSignal): Promise<KeyType> {
  const ca = ports.connectCa(plan.service, plan.deadlines.caMs);
  const wanted = (await ca.csrattrs(signal)).keys;
  const keyType = usable(plan, token).find((type) => wanted === undefined || wanted.includes(type));
  if (!keyType) throw new AgentError('ERR_CA_ATTRIBUTES_UNSUPPORTED', { wanted: wanted?.join(' ') ?? '' });
  return keyType;
}

function usable(plan: Plan, token: TokenDescription): KeyType[] {
  return plan.keys.filter((type) => token.keyTypes.includes(type));
}
