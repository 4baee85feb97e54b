/** Changes a token's PIN. The person at this machine asks for it, and no bank. */
import type { Profile } from '../../native-config/schema.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Ports } from '../ports/ports.ts';
import type { PinContext, TokenDescription } from '../ports/token.ts';
import { withSession } from './session.ts';

/** `token`: the token's label. `profile`: the bank whose help is shown. Each is needed only if there are several. */
export type PinChange = { readonly token?: string; readonly profile?: string };

const LIST_MS = 60_000;

/** @throws AgentError ERR_TOKEN_*, ERR_USER_*: the PIN is unchanged then */
export async function changePin(
  { token: label, profile }: PinChange,
  profiles: readonly Profile[],
  ports: Pick<Ports, 'locks' | 'tokens'>,
): Promise<TokenDescription> {
  const token = await oneToken(ports, label);
  const pin = contextFor(profiles, profile);
  const signal = new AbortController().signal;
  await withSession({ token, pin, deadlines: undefined }, ports, signal, (session) => session.changePin());
  return token;
}

async function oneToken({ tokens }: Pick<Ports, 'tokens'>, label: string | undefined): Promise<TokenDescription> {
  const present = await tokens.list(AbortSignal.timeout(LIST_MS));
  const matching = present.filter((token) => label === undefined || token.label === label);
  const [only] = matching;
  if (!only) throw new AgentError('ERR_TOKEN_MISSING', { tokens: present.length });
  if (matching.length > 1) throw new AgentError('ERR_TOKEN_AMBIGUOUS', { tokens: matching.length });
  return only;
}

/** With the help of the named bank, or of the only one. The dialog shows it when the PIN is locked or nearly locked. */
function contextFor(profiles: readonly Profile[], id: string | undefined): PinContext {
  const profile =
    profiles.find((one) => one.id === id) ?? (profiles.length === 1 && id === undefined ? profiles[0] : undefined);
  if (id !== undefined && !profile) throw new AgentError('ERR_POLICY_PROFILE_UNKNOWN', { id });
  return { profile: profile?.id ?? '', purpose: 'change-pin', ...(profile ? { help: profile.help } : {}) };
}
