/**
 * The modules of p11-kit's configuration (pkcs11.conf(5)): installers of token software often leave a file there. Only the
 * paths are taken, and each is checked like any other. p11-kit's own client is not used, because a relay hides what the
 * module behind it can do (DECISIONS.md, "A relay hides").
 */
import { access, readdir, readFile } from 'node:fs/promises';
import { basename, isAbsolute, join } from 'node:path';
import { platform } from '../agent/platform/current.ts';

export type P11KitFolders = {
  /** Folders of `*.module` files, the user's first. Where two hold the same name, a setting of the earlier file wins. */
  readonly configurations: readonly string[];
  /** Folders of a relative `module:`. Distributions differ, so the first folder that holds the file is taken. */
  readonly modules: readonly string[];
};

export type P11KitReading = {
  readonly paths: readonly string[];
  /** The files from which nothing was taken, each with the reason. */
  readonly leftOut: readonly { readonly file: string; readonly reason: string }[];
};

type Settings = ReadonlyMap<string, string>;

/** p11-kit compares with the base name of the executable, and ours is `node`. */
const OUR_NAMES: ReadonlySet<string> = new Set(['inkan', 'node']);
/** "The first characters needs to be an alphanumeric, the filename should end with .module". */
const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9_,.-]*\.module$/;
/** p11-kit's own client, under whichever ending. */
const RELAY = /^p11-kit-client\./;
const MAX_FILE_CHARACTERS = 64 * 1024;

/** The folders for this user. `user-config` in the system's pkcs11.conf can exclude the user's folder, or all others. */
export async function p11KitFolders(home: string, places = platform.p11Kit): Promise<P11KitFolders> {
  if (!places) return { configurations: [], modules: [] };
  const { system, packages, modules } = places;
  const users = join(home, '.config', 'pkcs11', 'modules');
  const others = [join(system, 'modules'), packages];
  const settings = parse(await readFile(join(system, 'pkcs11.conf'), 'utf8').catch(() => ''));
  const mode = settings.get('user-config');
  const configurations = mode === 'none' ? others : mode === 'only' ? [users] : [users, ...others];
  return { configurations, modules };
}

export async function readP11Kit(folders: P11KitFolders): Promise<P11KitReading> {
  const leftOut: P11KitReading['leftOut'][number][] = [];
  const merged = new Map<string, Settings>();
  for (const folder of folders.configurations) {
    for (const file of await moduleFiles(folder)) {
      const settings = await readSettings(join(folder, file));
      if (typeof settings === 'string') leftOut.push({ file, reason: settings });
      else merged.set(file, new Map([...settings, ...(merged.get(file) ?? [])]));
    }
  }
  const paths: string[] = [];
  for (const [file, settings] of merged) {
    const reason = reasonAgainst(settings);
    if (reason) leftOut.push({ file, reason });
    else paths.push(await resolved(settings.get('module') ?? '', folders.modules));
  }
  return { paths, leftOut };
}

async function moduleFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => FILE_NAME.test(name)).sort();
}

/** A file that others may write is not read: it could have any library of this machine loaded. */
async function readSettings(path: string): Promise<Settings | string> {
  try {
    if (await platform.ownershipFlaw(path)) return 'others could change it';
    return parse((await readFile(path, 'utf8')).slice(0, MAX_FILE_CHARACTERS));
  } catch {
    return 'cannot be read';
  }
}

/** Reads `name: value` from each line. A comment is a whole line. */
function parse(text: string): Settings {
  const settings = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^\s*([A-Za-z0-9._-]+)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) settings.set(name, value);
  }
  return settings;
}

const names = (value: string | undefined): string[] => (value ?? '').split(/[\s,]+/).filter(Boolean);

function reasonAgainst(settings: Settings): string | undefined {
  const enabled = settings.get('enable-in');
  if (settings.get('remote')) return 'remote: a module elsewhere is not run';
  if (!settings.get('module')) return 'module: is blank';
  if (RELAY.test(basename(settings.get('module') ?? ''))) return 'module: is a relay';
  if (settings.get('trust-policy') === 'yes') return 'trust-policy: holds no keys';
  if (names(settings.get('disable-in')).some((name) => OUR_NAMES.has(name))) return 'disable-in names us';
  if (enabled && !names(enabled).some((name) => OUR_NAMES.has(name))) return 'enable-in names others';
  return undefined;
}

/** Joined as text, because `join` would remove a `..`, which `checkModulePath` has to see and refuse. */
async function resolved(module: string, folders: readonly string[]): Promise<string> {
  if (isAbsolute(module)) return module;
  const candidates = folders.map((folder) => `${folder}/${module}`);
  for (const candidate of candidates) {
    const found = await access(candidate).then(
      () => true,
      () => false,
    );
    if (found) return candidate;
  }
  return candidates[0] ?? module;
}
