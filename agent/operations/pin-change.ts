/** A change of a token's PIN: for the person at this machine, and for no bank. */
import type { Profile } from '../../native-config/schema.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Ports } from '../ports/ports.ts';
import type { PinContext, TokenDescription } from '../ports/token.ts';
import { withSession } from './session.ts';

/** `token`: its label; `profile`: the bank whose help is shown. Both are needed only where there are several. */
export type PinChange = { readonly token?: string; readonly profile?: string };

const LIST_MS = 60_000;

/** @throws AgentError ERR_TOKEN_*, ERR_USER_*: the old PIN is then still the PIN */
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
  const wanted = present.filter((token) => label === undefined || token.label === label);
  const [only] = wanted;
  if (!only) throw new AgentError('ERR_TOKEN_MISSING', { tokens: present.length });
  if (wanted.length > 1) throw new AgentError('ERR_TOKEN_AMBIGUOUS', { tokens: wanted.length });
  return only;
}

/** The bank named, or the only one there is: its help is shown where the PIN is nearly locked. */
function contextFor(profiles: readonly Profile[], id: string | undefined): PinContext {
  const profile =
    profiles.find((one) => one.id === id) ?? (profiles.length === 1 && id === undefined ? profiles[0] : undefined);
  if (id !== undefined && !profile) throw new AgentError('ERR_POLICY_PROFILE_UNKNOWN', { id });
  return { profile: profile?.id ?? '', purpose: 'change-pin', ...(profile ? { help: profile.help } : {}) };
}
