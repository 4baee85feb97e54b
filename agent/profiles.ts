/** The banks' profiles of a running agent: reads them, and adds to and removes from the user's own folder. */
import { mkdir, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { loadProfiles, parseProfile, type RefusedFile } from '../native-config/load.ts';
import type { Profile } from '../native-config/schema.ts';
import { AgentError } from '../web-bridge/protocol/errors.ts';
import { platform } from './platform/current.ts';
import { writeDurably } from './records/durable-file.ts';
import type { Report } from './records/log.ts';

const ORIGINS_KEPT_MS = 1_000;
const MAX_PROFILE_BYTES = 256 * 1024;

export type ProfileBook = {
  /** Reads the profiles from disk at each call, so that an added profile needs no restart. */
  read(): Promise<readonly Profile[]>;
  /** The files that the last reading refused, with the reason. */
  refused(): readonly RefusedFile[];
  /** The origins of all profiles, about one second old at most. The bridge's gate calls it at each request and cannot wait. */
  origins(): ReadonlySet<string>;
  /**
   * Reads a profile from a local file. The file is plain JSON if the profile is new, and a signed update if it is installed.
   * @throws AgentError ERR_POLICY_PROFILE_*
   */
  inspect(file: string): Promise<Profile>;
  /**
   * Writes an inspected profile to the user's folder.
   * @throws AgentError ERR_POLICY_PROFILE_UNSAFE; ERR_POLICY_PROFILE_DUPLICATE if the system's folder has its id or an origin
   */
  install(profile: Profile): Promise<void>;
  /** @throws AgentError ERR_POLICY_PROFILE_UNKNOWN if the user's folder has no profile of this id */
  remove(id: string): Promise<void>;
};

/** @param folders the system's first, the user's last */
export async function openProfileBook(folders: readonly string[], report: Report): Promise<ProfileBook> {
  const own = folders.at(-1) ?? '';
  let origins: ReadonlySet<string> = new Set();
  let refused: RefusedFile[] = [];
  let readAt = 0;
  let reading: Promise<readonly Profile[]> | undefined;

  async function readNow(): Promise<readonly Profile[]> {
    const refusals: RefusedFile[] = [];
    const profiles = await loadProfiles(folders, (file) => refusals.push(file));
    if (refusals.length !== refused.length) {
      for (const { file, error } of refusals)
        report('profile: refused', { file, code: error.code, details: error.details });
    }
    refused = refusals;
    origins = new Set(profiles.flatMap((profile) => profile.origins));
    readAt = Date.now();
    return profiles;
  }

  function read(): Promise<readonly Profile[]> {
    reading ??= readNow().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  await read();
  return {
    read,
    refused: () => refused,
    origins: () => {
      if (Date.now() - readAt > ORIGINS_KEPT_MS)
        read().catch((error: unknown) => report('profiles: cannot be read', {}, error));
      return origins;
    },
    inspect: async (file) => inspect(file, await read()),
    async install(profile) {
      await refuseSystemDuplicate(profile, folders.slice(0, -1));
      await write(own, profile);
    },
    remove: (id) => remove(own, id),
  };
}

async function inspect(file: string, installed: readonly Profile[]): Promise<Profile> {
  const text = await readBounded(file);
  if (text.startsWith('{')) {
    const profile = parseProfile(text, file);
    const older = installed.find(({ id }) => id === profile.id);
    if (older)
      throw new AgentError('ERR_POLICY_PROFILE_SIGNATURE_INVALID', {
        profile: older.id,
        reason: 'an update must be signed',
      });
    refuseTakenOrigin(profile, installed);
    return profile;
  }
  return await inspectUpdate(text.trim(), file, installed);
}

async function inspectUpdate(update: string, file: string, installed: readonly Profile[]): Promise<Profile> {
  const { openProfileUpdate } = await import('./policy/profile-update.ts');
  for (const old of installed) {
    const text = await openProfileUpdate(update, old).catch(() => undefined);
    if (text === undefined) continue;
    const profile = parseProfile(text, file);
    if (profile.id !== old.id) break;
    refuseTakenOrigin(
      profile,
      installed.filter(({ id }) => id !== old.id),
    );
    return profile;
  }
  throw new AgentError('ERR_POLICY_PROFILE_SIGNATURE_INVALID', { file });
}

function refuseTakenOrigin(profile: Pick<Profile, 'id' | 'origins'>, others: readonly Profile[]): void {
  const taken = profile.origins.find((origin) => others.some(({ origins }) => origins.includes(origin)));
  if (taken) throw new AgentError('ERR_POLICY_PROFILE_DUPLICATE', { id: profile.id, origin: taken });
}

async function readBounded(file: string): Promise<string> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new AgentError('ERR_POLICY_PROFILE_INVALID', { file, reason: 'cannot be read' }, error);
  });
  if (bytes.length > MAX_PROFILE_BYTES)
    throw new AgentError('ERR_POLICY_PROFILE_INVALID', { file, reason: 'too large' });
  return bytes.toString('utf8');
}

/** The system's profiles take precedence: a user's file with the same id or origin would be refused at each reading. */
async function refuseSystemDuplicate({ id, origins }: Profile, systems: readonly string[]): Promise<void> {
  const installed = await loadProfiles(systems);
  if (installed.some((one) => one.id === id)) {
    throw new AgentError('ERR_POLICY_PROFILE_DUPLICATE', { id, reason: "in the system's folder" });
  }
  refuseTakenOrigin({ id, origins }, installed);
}

/** Deletes only a file that the folder lists, because the id comes from the command line and could be a path. */
async function remove(folder: string, id: string): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  if (!names.includes(`${id}.json`)) throw new AgentError('ERR_POLICY_PROFILE_UNKNOWN', { id: id.slice(0, 64) });
  await unlink(fileOf(folder, id));
}

function fileOf(folder: string, id: string): string {
  return join(folder, `${id}.json`);
}

async function write(folder: string, profile: Profile): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const flaw = await platform.ownershipFlaw(folder);
  if (flaw) throw new AgentError('ERR_POLICY_PROFILE_UNSAFE', { file: folder, reason: flaw });
  await writeDurably(folder, `${profile.id}.json`, `${JSON.stringify(profile, null, 2)}\n`);
}
