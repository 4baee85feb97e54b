/** The composition root: the only file that knows all rooms. It decides nothing; it hands each room what it needs. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadAgentConfig } from '../native-config/load.ts';
import type { Pkcs11Module } from '../native-config/schema.ts';
import { PORTS } from '../web-bridge/protocol/envelope.ts';
import { type Bridge, startBridge } from '../web-bridge/server/server.ts';
import { actsOn } from './acts.ts';
import { type Folders, foldersOf, refuseDangerousEnvironment } from './config.ts';
import type { Language } from './dialog/dialog.ts';
import { systemLanguage, wordsFor } from './dialog/words.ts';
import { createAttention } from './enrollment/attention.ts';
import { Enrollments } from './enrollment/enrollments.ts';
import { openJournal } from './enrollment/journal.ts';
import type { Journal, Ports } from './enrollment/ports.ts';
import { openReminderBook } from './enrollment/reminder-book.ts';
import { openSpentOrders } from './enrollment/spent-orders.ts';
import { connectCa, humanBy, modulesBy, notifyBy, tokensBy } from './later.ts';
import { createLocks } from './lock.ts';
import { openLog, type Report } from './log.ts';
import type { Acts } from './methods/desktop.ts';
import { handlersFor } from './methods/index.ts';
import { isForeignPeer } from './platform/socket-owner.ts';
import { openProfileBook, type ProfileBook } from './profiles.ts';
import type { TokenService } from './token/token.ts';

export type ComposeOptions = {
  readonly environment: NodeJS.ProcessEnv;
  /** Path of the scripted human's file: tests and CI only, and for test profiles only. */
  readonly script?: string | undefined;
};

export type Agent = {
  readonly version: string;
  readonly folders: Folders;
  readonly language: Language;
  readonly report: Report;
  readonly profiles: ProfileBook;
  readonly modules: () => Promise<readonly Pkcs11Module[]>;
  readonly tokens: TokenService;
  readonly locks: Ports['locks'];
  readonly journal: Journal;
  readonly enrollments: Enrollments;
  readonly acts: Acts;
  /** Stops everything where it stands; the journal holds it. */
  readonly close: () => Promise<void>;
};

/** How long a dialog that no profile's plan stands behind waits for the human. */
const DIALOG_MS = 5 * 60_000;
/** A page may be waiting for the agent to answer; afterwards there is time. */
const START_OVER_MS = 2_000;

/** @throws AgentError ERR_INTERNAL_ENVIRONMENT_REFUSED, ERR_INTERNAL_CONFIG_INVALID, ERR_INTERNAL_STATE_UNWRITABLE */
export async function compose({ environment, script }: ComposeOptions): Promise<Agent> {
  refuseDangerousEnvironment(environment);
  const folders = foldersOf(environment);
  const report = openLog(join(folders.state, 'log'));
  // What is wrong with one of them is told all the same: each is read whole before anybody is let in.
  const [config, profiles, journal] = await Promise.all([
    loadAgentConfig(join(folders.config, 'agent.json')),
    openProfileBook(folders.profiles, report),
    openJournal(join(folders.state, 'journal'), report),
  ]);
  const language = config.language ?? systemLanguage(environment);
  const dialog = { language, timeoutMs: DIALOG_MS, ...(script === undefined ? {} : { script }) };
  const modules = modulesBy(config, report);
  const tokens = tokensBy({ modules, dialog, profileFolders: folders.profiles, environment, report });
  const locks = createLocks(join(folders.state, 'locks'));
  const now = () => Date.now();
  const ports: Ports = {
    tokens,
    connectCa,
    human: humanBy(dialog, environment),
    journal,
    locks,
    attention: createAttention(now),
    spentOrders: openSpentOrders(join(folders.state, 'spent-orders'), locks, now),
    reminderBook: openReminderBook(join(folders.state, 'reminders'), report),
    clock: { now, sleep: (ms, signal) => sleep(ms, undefined, { signal }) },
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
    notify: notifyBy(language, environment, report),
    report,
  };
  const enrollments = new Enrollments(ports, () => profiles.read());
  await enrollments.recover();
  const acts = actsOn(ports, profiles, version());
  return {
    version: version(),
    folders,
    language,
    report,
    profiles,
    modules,
    tokens,
    locks,
    journal,
    enrollments,
    acts,
    async close() {
      await enrollments.close();
      await tokens.close();
    },
  };
}

/** Opens the bridge and goes on with what the journal holds. @throws AgentError ERR_BRIDGE_PORT_TAKEN */
export async function serve(agent: Agent, ports: readonly number[] = PORTS): Promise<Bridge> {
  const { version, enrollments, acts, profiles, tokens, report } = agent;
  const expectWork = () => tokens.keepReady();
  const handlers = handlersFor({ version, enrollments, acts, expectWork, words: wordsFor });
  const bridge = await startBridge({
    ports,
    origins: () => profiles.origins(),
    isForeignPeer,
    handlers,
    words: wordsFor,
    report,
  });
  enrollments.goOn();
  // An update of the package takes the files away under an agent that runs: its words are read while they are there.
  setTimeout(() => wordsFor('ERR_INTERNAL_FAILED'), START_OVER_MS).unref();
  return bridge;
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}

export { AgentError } from '../web-bridge/protocol/errors.ts';
export { isOpen } from './enrollment/state.ts';
/** What the command line needs of the rooms, with `findings.ts`; it imports them from nowhere else. */
export { describeError, languageOf, stateWords } from './telling.ts';
