/** Looks whether everything is in place, each thing for itself: one finding does not hide the next. It changes nothing. */
import { join } from 'node:path';
import { loadAgentConfig } from '../native-config/load.ts';
import { findModules } from '../native-config/modules.ts';
import type { ErrorData } from '../web-bridge/protocol/envelope.ts';
import { AgentError, type ErrorDetails, isErrorCode } from '../web-bridge/protocol/errors.ts';
import { type Folders, foldersOf, refuseDangerousEnvironment } from './config.ts';
import { dialogPrograms } from './dialog/open.ts';
import { openJournal } from './enrollment/journal.ts';
import { isHeld } from './lock.ts';
import type { Report } from './log.ts';
import { openProfileBook } from './profiles.ts';
import { describeError, languageOf } from './telling.ts';
import { createTokens } from './token/token.ts';

type Desk = { readonly environment: NodeJS.ProcessEnv; readonly folders: Folders };
/** What was found, for people: a version, a path; or what is wrong, or not right but in nobody's way. */
type Fact = string | AgentError | { readonly note: AgentError };

const LIST_MS = 60_000;

export const CHECKS = [
  { check: 'node', look: () => [process.version] },
  { check: 'environment', look: environmentIsSafe },
  { check: 'settings', look: settingsAreRight },
  { check: 'state', look: recordsCanBeKept },
  { check: 'profiles', look: profilesAreRight },
  { check: 'modules', look: modulesMayBeLoaded },
  { check: 'dialogs', look: humanCanBeAsked },
  { check: 'tokens', look: tokensAnswer },
] as const satisfies readonly { readonly check: string; look(desk: Desk): Promise<Fact[]> | Fact[] }[];

export type CheckName = (typeof CHECKS)[number]['check'];

/**
 * Where something is not as it should be, the members of the error say what, and what to do. They may stand beside
 * `ok: true`: a second module that does not start keeps nobody from using the token of the first.
 */
export type Finding = { readonly check: CheckName; readonly ok: boolean; readonly fact?: string } & Partial<ErrorData>;

export async function examineDesk(environment: NodeJS.ProcessEnv): Promise<Finding[]> {
  const desk = { environment, folders: foldersOf(environment) };
  const findings: Finding[] = [];
  for (const { check, look } of CHECKS) {
    findings.push(...(await factsOf(() => look(desk))).map((fact) => findingOf(check, fact)));
  }
  return findings;
}

/** Whether `inkan serve` runs for this user. */
export function isServing(environment: NodeJS.ProcessEnv): Promise<boolean> {
  return isHeld(join(foldersOf(environment).state, 'locks'), 'serve');
}

/** Whether dialogs are windows here: where they are not, the human is asked on the terminal. */
export function hasWindows(environment: NodeJS.ProcessEnv): boolean {
  return dialogPrograms(environment).some((program) => program !== '/dev/tty');
}

async function factsOf(look: () => Promise<Fact[]> | Fact[]): Promise<Fact[]> {
  try {
    return await look();
  } catch (error) {
    return [error instanceof AgentError ? error : new AgentError('ERR_INTERNAL_FAILED', {}, error)];
  }
}

function findingOf(check: CheckName, fact: Fact): Finding {
  if (typeof fact === 'string') return { check, ok: true, ...(fact === '' ? {} : { fact }) };
  const isNote = 'note' in fact;
  const error = isNote ? fact.note : fact;
  const facts = Object.values(error.details).join('  ');
  return { check, ok: isNote, ...(facts === '' ? {} : { fact: facts }), ...describeError(error) };
}

function environmentIsSafe({ environment }: Desk): Fact[] {
  refuseDangerousEnvironment(environment);
  return [''];
}

async function settingsAreRight({ folders }: Desk): Promise<Fact[]> {
  const file = join(folders.config, 'agent.json');
  await loadAgentConfig(file);
  return [file];
}

async function recordsCanBeKept({ folders }: Desk): Promise<Fact[]> {
  await openJournal(join(folders.state, 'journal'), () => {});
  return [folders.state];
}

async function profilesAreRight({ folders }: Desk): Promise<Fact[]> {
  const book = await openProfileBook(folders.profiles, () => {});
  const profiles = await book.read();
  const refused = book.refused().map(({ error }) => error);
  if (profiles.length + refused.length === 0) throw new AgentError('ERR_POLICY_PROFILE_UNKNOWN');
  return [...profiles.map(({ id, origins }) => `${id}  ${origins.join(' ')}`), ...refused];
}

async function modulesMayBeLoaded({ folders }: Desk): Promise<Fact[]> {
  const { leftOut, report } = collector();
  const modules = await findModules(await loadAgentConfig(join(folders.config, 'agent.json')), report);
  if (modules.length + leftOut.length === 0) throw new AgentError('ERR_MODULE_MISSING');
  return [...modules.map(({ path }) => path), ...leftOut];
}

function humanCanBeAsked({ environment }: Desk): Fact[] {
  const programs = dialogPrograms(environment);
  return programs.length > 0 ? programs : [new AgentError('ERR_USER_UNREACHABLE')];
}

async function tokensAnswer({ environment, folders }: Desk): Promise<Fact[]> {
  const { leftOut, report } = collector();
  const config = await loadAgentConfig(join(folders.config, 'agent.json'));
  const tokens = createTokens({
    // What may not be loaded is the finding of another check.
    modules: () => findModules(config, () => {}),
    dialog: { language: languageOf(environment), timeoutMs: LIST_MS },
    profileFolders: folders.profiles,
    environment,
    report,
  });
  const found = (await tokens.list(AbortSignal.timeout(LIST_MS))).filter(({ initialized }) => initialized);
  if (found.length === 0) return [new AgentError('ERR_TOKEN_MISSING'), ...leftOut];
  const facts = found.map(({ label, model, keyTypes }) => `${label} (${model})  ${keyTypes.join(' ')}`);
  return [...facts, ...leftOut.map((note) => ({ note }))];
}

/** What the rooms write into the log as left out is what a person looks for here. */
function collector(): { readonly leftOut: AgentError[]; readonly report: Report } {
  const leftOut: AgentError[] = [];
  const report: Report = (_, { code, ...rest } = {}) => {
    if (typeof code === 'string' && isErrorCode(code)) leftOut.push(new AgentError(code, plain(rest)));
  };
  return { leftOut, report };
}

function plain(details: Readonly<Record<string, unknown>>): ErrorDetails {
  const entries = Object.entries(details).filter(([name]) => name !== 'cause');
  return Object.fromEntries(entries.map(([name, value]) => [name, typeof value === 'number' ? value : String(value)]));
}
