/** Reads profiles and the agent's configuration from disk. A file that breaks its schema is refused, with the reason. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { platform } from '../agent/platform/current.ts';
import { AgentError, asAgentError } from '../web-bridge/protocol/errors.ts';
import { type AgentConfig, agentConfig, type Profile, profile } from './schema.ts';

export type RefusedFile = { readonly file: string; readonly error: AgentError };

/**
 * All profiles of the folders, in this order. A profile is refused if an earlier one has its id or one of its origins.
 * A bad file does not stop the others: `refused` is called with it.
 */
export async function loadProfiles(
  folders: readonly string[],
  refused: (file: RefusedFile) => void = () => {},
): Promise<Profile[]> {
  const profiles: Profile[] = [];
  for (const file of await profileFiles(folders)) {
    try {
      const read = await readProfile(file);
      refuseTwins(read, profiles);
      profiles.push(read);
    } catch (error) {
      refused({ file, error: asAgentError(error) });
    }
  }
  return profiles;
}

async function profileFiles(folders: readonly string[]): Promise<string[]> {
  const files = await Promise.all(
    folders.map(async (folder) => {
      const names = await readdir(folder).catch(() => []);
      return names
        .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
        .sort()
        .map((name) => join(folder, name));
    }),
  );
  return files.flat();
}

/** @throws AgentError ERR_POLICY_PROFILE_UNSAFE, ERR_POLICY_PROFILE_INVALID */
export async function readProfile(file: string): Promise<Profile> {
  const flaw = await platform.ownershipFlaw(file).catch((error: unknown) => {
    throw new AgentError('ERR_POLICY_PROFILE_INVALID', { file, reason: 'cannot be read' }, error);
  });
  if (flaw) throw new AgentError('ERR_POLICY_PROFILE_UNSAFE', { file, reason: flaw });
  return parseProfile(await readFile(file, 'utf8'), file);
}

/** @throws AgentError ERR_POLICY_PROFILE_INVALID naming the member that is wrong */
export function parseProfile(text: string, file: string): Profile {
  const result = v.safeParse(
    profile,
    parseJson(text, () => new AgentError('ERR_POLICY_PROFILE_INVALID', { file, reason: 'not JSON' })),
  );
  if (!result.success) throw new AgentError('ERR_POLICY_PROFILE_INVALID', { file, reason: firstIssue(result.issues) });
  const insecure = result.output.origins.find((origin) => origin.startsWith('http:'));
  if (insecure && !result.output.test) {
    throw new AgentError('ERR_POLICY_PROFILE_INVALID', { file, reason: `origins: ${insecure} needs a test profile` });
  }
  return result.output;
}

function refuseTwins(read: Profile, others: readonly Profile[]): void {
  if (others.some(({ id }) => id === read.id)) throw new AgentError('ERR_POLICY_PROFILE_DUPLICATE', { id: read.id });
  const taken = read.origins.find((origin) => others.some(({ origins }) => origins.includes(origin)));
  if (taken) throw new AgentError('ERR_POLICY_PROFILE_DUPLICATE', { id: read.id, origin: taken });
}

/** `agent.json`; a missing file is an empty configuration. @throws AgentError ERR_INTERNAL_CONFIG_INVALID */
export async function loadAgentConfig(file: string): Promise<AgentConfig> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new AgentError('ERR_INTERNAL_CONFIG_INVALID', { file, reason: 'cannot be read' }, error);
  });
  if (text === undefined) return v.parse(agentConfig, { version: 1 });
  const flaw = await platform.ownershipFlaw(file);
  if (flaw) throw new AgentError('ERR_INTERNAL_CONFIG_INVALID', { file, reason: flaw });
  const result = v.safeParse(
    agentConfig,
    parseJson(text, () => new AgentError('ERR_INTERNAL_CONFIG_INVALID', { file, reason: 'not JSON' })),
  );
  if (!result.success) throw new AgentError('ERR_INTERNAL_CONFIG_INVALID', { file, reason: firstIssue(result.issues) });
  return result.output;
}

function parseJson(text: string, invalid: () => AgentError): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid();
  }
}

/** The path of the first member that is wrong, and what was expected there. Never its value, which may be a secret. */
function firstIssue(issues: readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): string {
  const [issue] = issues;
  return `${v.getDotPath(issue) ?? 'document'}: ${issue.kind === 'schema' ? `expected ${issue.expected}` : issue.type}`;
}
