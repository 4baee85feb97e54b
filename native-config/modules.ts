/** Finds the PKCS#11 modules of this machine. A module that another user can change is not loaded. */
import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { platform } from '../agent/platform/current.ts';
import { PROGRAM } from '../agent/platform/program.ts';
import { AgentError, asAgentError, type ErrorCode } from '../web-bridge/protocol/errors.ts';
import { checkModulePath } from './module-path.ts';
import { p11KitFolders, readP11Kit } from './p11-kit.ts';
import { type AgentConfig, type Pkcs11Module, type TokenFamily, tokenFamily } from './schema.ts';

type Report = (fact: string, details: Readonly<Record<string, unknown>>) => void;

let families: Promise<readonly TokenFamily[]> | undefined;

/** The families of `native-config/tokens/`, read once. A wrong file is an internal error, because they come with this package. */
export function loadTokenFamilies(): Promise<readonly TokenFamily[]> {
  families ??= readFamilies();
  return families;
}

async function readFamilies(): Promise<TokenFamily[]> {
  const folder = new URL('native-config/tokens/', PROGRAM);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  return Promise.all(names.map(async (name) => readFamily(fileURLToPath(new URL(name, folder)))));
}

async function readFamily(file: string): Promise<TokenFamily> {
  try {
    return v.parse(tokenFamily, JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    throw new AgentError('ERR_INTERNAL_CONFIG_INVALID', { file }, error);
  }
}

/**
 * All modules that may be loaded, by their real paths and each once: those of `agent.json`, then those of the known families,
 * then p11-kit's. A module that may not be loaded is reported and left out. A module of a known family that is not installed
 * is left out without a report.
 */
export async function findModules(config: AgentConfig, report: Report): Promise<Pkcs11Module[]> {
  const forbidden = new Set(config.forbidden);
  const known = [...(await knownPaths()), ...(await p11KitPaths())].map((path) => ({ path, environment: {} }));
  const [ours, others] = await Promise.all([
    Promise.all(config.modules.map((module) => judged(module, report))),
    Promise.all(known.map((module) => judged(module, report, 'ERR_MODULE_MISSING'))),
  ]);
  const modules = present(ours).filter(({ path }) => !forbidden.has(path));
  for (const module of present(others)) {
    if (!forbidden.has(module.path) && !modules.some(({ path }) => path === module.path)) modules.push(module);
  }
  return modules;
}

const present = (modules: readonly (Pkcs11Module | undefined)[]): Pkcs11Module[] =>
  modules.filter((module) => module !== undefined);

async function judged(module: Pkcs11Module, report: Report, noNews?: ErrorCode): Promise<Pkcs11Module | undefined> {
  try {
    return { ...module, path: await checkModulePath(module.path) };
  } catch (error) {
    const { code, details, cause } = asAgentError(error);
    const why = cause instanceof Error ? cause.message : '';
    if (code !== noNews) report('module left out', { module: module.path, code, ...details, cause: why });
    return undefined;
  }
}

async function knownPaths(): Promise<string[]> {
  const families = await loadTokenFamilies();
  return families.flatMap(({ modules }) => modules[platform.name]);
}

async function p11KitPaths(): Promise<readonly string[]> {
  return (await readP11Kit(await p11KitFolders(homedir()))).paths;
}
