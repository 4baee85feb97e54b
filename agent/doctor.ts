/** Looks whether everything is in place, each thing for itself: one finding does not hide the next. It changes nothing. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { loadAgentConfig } from '../native-config/load.ts';
import { findModules } from '../native-config/modules.ts';
import { p11KitFolders, readP11Kit } from '../native-config/p11-kit.ts';
import type { Profile } from '../native-config/schema.ts';
import type { ErrorData } from '../web-bridge/protocol/envelope.ts';
import { AgentError, type ErrorDetails, isErrorCode } from '../web-bridge/protocol/errors.ts';
import { type Folders, foldersOf, refuseDangerousEnvironment } from './config.ts';
import { dialogPrograms } from './dialog/open.ts';
import { openJournal } from './enrollment/journal.ts';
import type { TokenDescription } from './enrollment/ports.ts';
import { isHeld } from './lock.ts';
import type { Report } from './log.ts';
import { openProfileBook } from './profiles.ts';
import { usbReaders } from './readers.ts';
import { shareableDetails, shareablePath } from './shareable.ts';
import { browsersMayAsk, clockIsRight, portsAreOurs } from './surroundings.ts';
import { describeError, languageOf } from './telling.ts';
import { createTokens } from './token/token.ts';

type Desk = { readonly environment: NodeJS.ProcessEnv; readonly folders: Folders };

/** What there is to say of a thing in a word or two; the command line has it in the person's language. */
export type Remark =
  | 'free'
  | 'ours'
  | 'foreign'
  | 'allowed'
  | 'notAllowed'
  | 'clockWrong'
  | 'none'
  | 'cannotCreateKeys'
  | 'pinNotSet'
  | keyof Pick<TokenDescription, 'pinLocked' | 'pinFinalTry' | 'pinCountLow' | 'pinPad' | 'writeProtected'>;

/** `shared` is what of it may be sent to the bank's support. */
export type Told = {
  readonly fact: string;
  readonly shared: string;
  readonly remarks?: readonly Remark[];
  readonly wrong?: true;
};

/** What was found, for people: a version, a path; or what is wrong, or not right but in nobody's way. */
export type Fact = Told | AgentError | { readonly note: AgentError };

const LIST_MS = 60_000;
const PIN_REMARKS = ['pinLocked', 'pinFinalTry', 'pinCountLow', 'pinPad', 'writeProtected'] as const;

export const CHECKS = [
  { check: 'node', look: () => [{ fact: process.version, shared: process.version }] },
  { check: 'environment', look: environmentIsSafe },
  { check: 'settings', look: settingsAreRight },
  { check: 'state', look: recordsCanBeKept },
  { check: 'profiles', look: profilesAreRight },
  { check: 'modules', look: modulesMayBeLoaded },
  { check: 'dialogs', look: humanCanBeAsked },
  { check: 'readers', look: readersAreSeen },
  { check: 'tokens', look: tokensAnswer },
  { check: 'ports', look: async ({ environment }) => portsAreOurs(await isServing(environment)) },
  { check: 'browsers', look: async ({ folders }) => browsersMayAsk(await profilesIn(folders)) },
  { check: 'clock', look: async ({ folders }) => clockIsRight(await profilesIn(folders)) },
] as const satisfies readonly { readonly check: string; look(desk: Desk): Promise<Fact[]> | Fact[] }[];

export type CheckName = (typeof CHECKS)[number]['check'];

/**
 * Where something is not as it should be, the members of the error say what, and what to do. They may stand beside
 * `ok: true`: a second module that does not start keeps nobody from using the token of the first.
 */
export type Finding = { readonly check: CheckName; readonly ok: boolean } & Partial<
  Pick<Told, 'fact' | 'shared' | 'remarks'> & ErrorData
>;

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
  if ('fact' in fact) {
    const { wrong, ...told } = fact;
    return { check, ok: !wrong, ...told };
  }
  const isNote = 'note' in fact;
  const error = isNote ? fact.note : fact;
  const facts = Object.values(error.details).join('  ');
  return { check, ok: isNote, fact: facts, shared: shareableDetails(error.details), ...describeError(error) };
}

/** A path is a fact of this computer alone, unless every installer writes there. */
function pathFact(path: string): Told {
  return { fact: path, shared: shareablePath(path) };
}

function environmentIsSafe({ environment }: Desk): Fact[] {
  refuseDangerousEnvironment(environment);
  return [{ fact: '', shared: '' }];
}

async function settingsAreRight({ folders }: Desk): Promise<Fact[]> {
  const file = join(folders.config, 'agent.json');
  await loadAgentConfig(file);
  return [{ fact: file, shared: '' }];
}

async function recordsCanBeKept({ folders }: Desk): Promise<Fact[]> {
  await openJournal(join(folders.state, 'journal'), () => {});
  return [{ fact: folders.state, shared: '' }];
}

/** Which banks somebody has is nobody's to know but theirs. */
async function profilesAreRight({ folders }: Desk): Promise<Fact[]> {
  const book = await openProfileBook(folders.profiles, () => {});
  const profiles = await book.read();
  const refused = book.refused().map(({ error }) => error);
  if (profiles.length + refused.length === 0) throw new AgentError('ERR_POLICY_PROFILE_UNKNOWN');
  return [...profiles.map(({ id, origins }) => ({ fact: `${id}  ${origins.join(' ')}`, shared: '' })), ...refused];
}

async function modulesMayBeLoaded({ folders }: Desk): Promise<Fact[]> {
  const { leftOut, report } = collector();
  const modules = await findModules(await loadAgentConfig(join(folders.config, 'agent.json')), report);
  if (modules.length + leftOut.length === 0) throw new AgentError('ERR_MODULE_MISSING');
  return [...modules.map(({ path }) => pathFact(path)), ...leftOut, ...(await p11KitsLeftOut())];
}

async function p11KitsLeftOut(): Promise<Fact[]> {
  const { leftOut } = await readP11Kit(await p11KitFolders(homedir()));
  return leftOut.map(({ file, reason }) => ({ fact: `p11-kit ${file}  ${reason}`, shared: `p11-kit  ${reason}` }));
}

function humanCanBeAsked({ environment }: Desk): Fact[] {
  const programs = dialogPrograms(environment);
  return programs.length > 0 ? programs.map(pathFact) : [new AgentError('ERR_USER_UNREACHABLE')];
}

/** A token of software has none. */
async function readersAreSeen(): Promise<Fact[]> {
  const readers = await usbReaders();
  if (readers.length === 0) return [{ fact: '', shared: '', remarks: ['none'] }];
  return readers.map((reader) => ({ fact: reader, shared: reader }));
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
  await tokens.close();
  if (found.length === 0) return [new AgentError('ERR_TOKEN_MISSING'), ...leftOut];
  return [...found.map(tokenFact), ...leftOut.map((note) => ({ note }))];
}

function tokenFact(token: TokenDescription): Told {
  const { label, serialNumber, manufacturer, model, slotDescription, keyTypes } = token;
  const remarks: Remark[] = PIN_REMARKS.filter((flag) => token[flag]);
  if (!token.userPinInitialized) remarks.push('pinNotSet');
  if (keyTypes.length === 0) remarks.push('cannotCreateKeys');
  const keys = keyTypes.join(' ');
  const kind = `${manufacturer} ${model}  ${keys}`;
  // Some makers put a serial number into the model's name.
  const shared = [label, serialNumber].reduce((text, own) => (own === '' ? text : text.replaceAll(own, '…')), kind);
  return {
    fact: `${label} (${model})  ${keys}  ${manufacturer}  ${serialNumber}  ${slotDescription}`,
    shared,
    remarks,
  };
}

async function profilesIn({ profiles }: Folders): Promise<readonly Profile[]> {
  return (await openProfileBook(profiles, () => {})).read();
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
