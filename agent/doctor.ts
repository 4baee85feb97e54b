/** Looks whether everything is in place, each thing for itself: one finding does not hide the next. */
import { join } from 'node:path';
import { loadAgentConfig } from '../native-config/load.ts';
import { findModules } from '../native-config/modules.ts';
import { AgentError, asAgentError } from '../web-bridge/protocol/errors.ts';
import { type Folders, foldersOf, refuseDangerousEnvironment } from './config.ts';
import type { Language } from './dialog/dialog.ts';
import { dialogPrograms } from './dialog/open.ts';
import { systemLanguage, wordsFor } from './dialog/words.ts';
import { openJournal } from './enrollment/journal.ts';
import { openLog } from './log.ts';
import { compose } from './main.ts';
import { openProfileBook } from './profiles.ts';

/** `what` is a fact; where it is not as it should be, `remedy` says what to do and `code` is the error's. */
export type Finding = { readonly ok: boolean; readonly what: string; readonly remedy?: string; readonly code?: string };

type Check = (desk: {
  readonly environment: NodeJS.ProcessEnv;
  readonly folders: Folders;
}) => Promise<readonly string[]>;

const LIST_MS = 60_000;

/** Each answers the facts it found, or throws what is wrong. */
const CHECKS: readonly Check[] = [
  async () => [`Node.js ${process.version}`],
  async ({ environment }) => {
    refuseDangerousEnvironment(environment);
    return ['environment'];
  },
  async ({ folders }) => {
    await loadAgentConfig(join(folders.config, 'agent.json'));
    return [join(folders.config, 'agent.json')];
  },
  async ({ folders }) => {
    await openJournal(join(folders.state, 'journal'), () => {});
    return [folders.state];
  },
  profilesAreRight,
  async ({ folders }) => {
    const modules = await findModules(await loadAgentConfig(join(folders.config, 'agent.json')), () => {});
    if (modules.length === 0) throw new AgentError('ERR_MODULE_MISSING');
    return modules.map(({ path }) => path);
  },
  async ({ environment }) => {
    const programs = dialogPrograms(environment);
    if (programs.length === 0) throw new AgentError('ERR_USER_UNREACHABLE');
    return programs;
  },
  async ({ environment }) => {
    const { tokens } = await compose({ environment });
    const found = (await tokens.list(AbortSignal.timeout(LIST_MS))).filter(({ initialized }) => initialized);
    if (found.length === 0) throw new AgentError('ERR_TOKEN_MISSING');
    return found.map(
      ({ label, model, keyTypes }) => `${label} (${model}): ${keyTypes.join(' ') || 'cannot create keys'}`,
    );
  },
];

export async function examineDesk(environment: NodeJS.ProcessEnv): Promise<Finding[]> {
  const language = systemLanguage(environment);
  const folders = foldersOf(environment);
  const findings: Finding[] = [];
  for (const check of CHECKS) {
    try {
      findings.push(...(await check({ environment, folders })).map((what) => ({ ok: true, what })));
    } catch (error) {
      findings.push(wrong(asAgentError(error), language));
    }
  }
  return findings;
}

async function profilesAreRight({ folders }: { readonly folders: Folders }): Promise<string[]> {
  const book = await openProfileBook(folders.profiles, openLog(join(folders.state, 'log')));
  const profiles = await book.read();
  const [refused] = book.refused();
  if (refused) throw refused.error;
  if (profiles.length === 0) throw new AgentError('ERR_POLICY_PROFILE_UNKNOWN');
  return profiles.map(({ id, origins }) => `${id}: ${origins.join(' ')}`);
}

function wrong({ code, details }: AgentError, language: Language): Finding {
  const { what, remedy } = wordsFor(code)[language];
  const facts = Object.values(details).join(', ');
  return { ok: false, what: facts ? `${what} (${facts})` : what, remedy, code };
}
