/** A change of a token's PIN: for the person at this machine, and for no bank. */
import { AgentError } from '../web-bridge/protocol/errors.ts';
import type { PinContext, TokenDescription } from './enrollment/ports.ts';
import type { Agent } from './main.ts';

type Wanted = { readonly token?: string; readonly profile?: string };

const LIST_MS = 60_000;

/** @throws AgentError ERR_TOKEN_*, ERR_USER_*: the old PIN is then still the PIN */
export async function changePin(agent: Agent, { token: label, profile }: Wanted): Promise<TokenDescription> {
  const token = await oneToken(agent, label);
  const signal = new AbortController().signal;
  const unlock = await agent.locks.holdToken(token, signal);
  try {
    const session = await agent.tokens.open(token, await contextFor(agent, profile), undefined, signal);
    try {
      await session.changePin();
      return token;
    } finally {
      await session.close();
    }
  } finally {
    await unlock();
  }
}

async function oneToken({ tokens }: Agent, label: string | undefined): Promise<TokenDescription> {
  const present = (await tokens.list(AbortSignal.timeout(LIST_MS))).filter(({ initialized }) => initialized);
  const wanted = present.filter((token) => label === undefined || token.label === label);
  const [only] = wanted;
  if (!only) throw new AgentError('ERR_TOKEN_MISSING', { tokens: present.length });
  if (wanted.length > 1) throw new AgentError('ERR_TOKEN_AMBIGUOUS', { tokens: wanted.length });
  return only;
}

/** The bank named, or the only one there is: its help is shown where the PIN is nearly locked. */
async function contextFor({ profiles }: Agent, id: string | undefined): Promise<PinContext> {
  const all = await profiles.read();
  const profile = all.find((one) => one.id === id) ?? (all.length === 1 && id === undefined ? all[0] : undefined);
  if (id !== undefined && !profile) throw new AgentError('ERR_POLICY_PROFILE_UNKNOWN', { id });
  return { profile: profile?.id ?? '', purpose: 'change-pin', ...(profile ? { help: profile.help } : {}) };
}
