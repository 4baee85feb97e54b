/** The composition root: the only file that knows all rooms. It creates the parts of the agent and connects them. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadAgentConfig } from '../native-config/load.ts';
import type { AgentConfig, Pkcs11Module } from '../native-config/schema.ts';
import { PORTS } from '../web-bridge/protocol/envelope.ts';
import type { Language } from '../web-bridge/protocol/languages.ts';
import { type Bridge, startBridge } from '../web-bridge/server/server.ts';
import {
  connectCa,
  deferredHuman,
  deferredModules,
  deferredNotify,
  deferredOperations,
  deferredTokens,
  remindDaily,
} from './deferred.ts';
import { systemLanguage, wordsFor } from './dialog/words.ts';
import { Enrollments } from './enrollment/enrollments.ts';
import type { Operations } from './methods/context.ts';
import { handlersFor } from './methods/index.ts';
import { createAttention } from './operations/attention.ts';
import { platform } from './platform/current.ts';
import { refuseDangerousEnvironment } from './platform/environment.ts';
import type { Folders } from './platform/platform.ts';
import { version } from './platform/program.ts';
import type { Ports } from './ports/ports.ts';
import { openProfileBook, type ProfileBook } from './profiles.ts';
import { openJournal } from './records/journal.ts';
import { createLocks } from './records/lock.ts';
import { openLog } from './records/log.ts';
import { openReminderBook } from './records/reminder-book.ts';
import { openSpentOrders } from './records/spent-orders.ts';
import type { TokenService } from './token/token.ts';

export type ComposeOptions = {
  readonly environment: NodeJS.ProcessEnv;
  /** Path of the scripted human's file. For tests and CI, and for test profiles only. */
  readonly script?: string | undefined;
};

export type Agent = {
  readonly version: string;
  readonly folders: Folders;
  readonly language: Language;
  readonly profiles: ProfileBook;
  readonly modules: () => Promise<readonly Pkcs11Module[]>;
  /** `tokens` has further methods that only this file calls. */
  readonly ports: Ports & { readonly tokens: TokenService };
  readonly enrollments: Enrollments;
  readonly operations: Operations;
  /** Stops all work. The journal has the states, so that a later run can resume. */
  readonly close: () => Promise<void>;
};

/** The time limit of a dialog that belongs to no plan. A plan's dialogs have the limit of its profile. */
const DIALOG_MS = 5 * 60_000;
/** After this time the page that waited for the start has its answer. */
const START_OVER_MS = 2_000;

/** @throws AgentError ERR_INTERNAL_ENVIRONMENT_REFUSED, ERR_INTERNAL_CONFIG_INVALID, ERR_INTERNAL_STATE_UNWRITABLE */
export async function compose({ environment, script }: ComposeOptions): Promise<Agent> {
  refuseDangerousEnvironment(environment);
  const folders = platform.folders(environment);
  const report = openLog(join(folders.state, 'log'));
  // An error in one of the three stops the start. They are read before the bridge opens.
  const [config, profiles, journal] = await Promise.all([
    loadAgentConfig(join(folders.config, 'agent.json')),
    openProfileBook(folders.profiles, report),
    openJournal(join(folders.state, 'journal'), report),
  ]);
  const language = config.language ?? systemLanguage(environment);
  const dialog = { language, timeoutMs: DIALOG_MS, ...(script === undefined ? {} : { script }) };
  const modules = deferredModules(config, report);
  const tokens = deferredTokens({ modules, dialog, profileFolders: folders.profiles, environment, report });
  const locks = createLocks(join(folders.state, 'locks'));
  const now = () => Date.now();
  const ports = {
    tokens,
    connectCa,
    human: deferredHuman(dialog, environment),
    journal,
    locks,
    attention: createAttention(now),
    spentOrders: openSpentOrders(join(folders.state, 'spent-orders'), locks, now),
    reminderBook: openReminderBook(join(folders.state, 'reminders'), report),
    clock: { now, sleep: (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal }) },
    random: (bytes: number) => new Uint8Array(randomBytes(bytes)),
    notify: deferredNotify(language, environment, report),
    report,
  };
  const enrollments = new Enrollments(ports, () => profiles.read());
  await enrollments.recover();
  const close = async (): Promise<void> => {
    await enrollments.close();
    await tokens.close();
  };
  const operations = deferredOperations(ports, () => profiles.read(), appVersion(config));
  return { version: version(), folders, language, profiles, modules, ports, enrollments, operations, close };
}

/** Opens the bridge and starts the background work. `close` ends both. @throws AgentError ERR_BRIDGE_PORT_TAKEN */
export async function serve(agent: Agent, at: readonly number[] = PORTS): Promise<Bridge> {
  const { version, enrollments, operations, profiles, ports } = agent;
  const { report } = ports;
  const expectWork = () => ports.tokens.keepReady();
  const handlers = handlersFor({ version, enrollments, operations, expectWork, words: wordsFor });
  const bridge = await startBridge({
    ports: at,
    origins: () => profiles.origins(),
    isForeignPeer: (ends) => platform.isForeignPeer(ends),
    handlers,
    words: wordsFor,
    report,
  });
  const stopReminding = startBackgroundWork(agent);
  // An update of the package deletes files while the agent runs. So the texts are read now.
  setTimeout(() => wordsFor('ERR_INTERNAL_FAILED'), START_OVER_MS).unref();
  return {
    port: bridge.port,
    async close() {
      await Promise.all([bridge.close(), stopReminding()]);
    },
  };
}

/** `appVersion` of the Web eID specification. If an address is configured, the address with the version. */
function appVersion({ releases }: AgentConfig): string {
  return releases ? `${releases}${version()}` : `inkan/${version()}`;
}

/** Resumes the enrollments that need no human, and reminds daily. Returns a function that ends the reminders. */
export function startBackgroundWork({ enrollments, profiles, ports }: Agent): () => Promise<void> {
  enrollments.resumeUnattended();
  const ending = new AbortController();
  const reminding = remindDaily(enrollments, () => profiles.read(), ports, ending.signal);
  return async () => {
    ending.abort();
    await reminding;
  };
}
