/** Whether the policies of a managed browser let a bank's page reach the agent without asking (`native-config/browser`). */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { platform } from '../platform/current.ts';

/** `files`: how many policy files this browser has. `allows`: those of the banks' origins that the policies name. */
export type BrowserPolicy = { readonly browser: string; readonly files: number; readonly allows: readonly string[] };

/** The function that reads the allowed sites from a policy. All browsers but Firefox derive from Chromium. */
function namesIn(browser: string): (policy: unknown) => string[] {
  return browser === 'Firefox' ? namedByFirefox : namedByChromium;
}

const MAX_CHARACTERS = 1024 * 1024;

/** The browsers that have policies. A browser without policies asks the customer once. */
export async function browserPolicies(origins: readonly string[]): Promise<BrowserPolicy[]> {
  const found = await Promise.all(
    platform.browserPolicies.map(async ({ browser, places }) => {
      const policies = (await Promise.all(places.map(policiesIn))).flat();
      return { browser, files: policies.length, allows: allowedBy(policies.flatMap(namesIn(browser)), origins) };
    }),
  );
  return found.filter(({ files }) => files > 0);
}

async function policiesIn(place: string): Promise<unknown[]> {
  const names = place.endsWith('.json')
    ? ['']
    : (await readdir(place).catch(() => [])).filter((name) => name.endsWith('.json'));
  const texts = await Promise.all(names.map((name) => readFile(join(place, name), 'utf8').catch(() => undefined)));
  return texts.flatMap((text) => (text === undefined ? [] : [parsed(text)]));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.slice(0, MAX_CHARACTERS));
  } catch {
    return undefined;
  }
}

export function namedByChromium(policy: unknown): string[] {
  return texts(member(policy, 'LoopbackNetworkAllowedForUrls'));
}

export function namedByFirefox(policy: unknown): string[] {
  return texts(member(member(member(policy, 'policies'), 'LocalNetworkAccess'), 'SkipDomains'));
}

/** The origins that a list names: as origin, as host, with `*`, or with Chromium's pattern `[*.]host` for subdomains. */
export function allowedBy(names: readonly string[], origins: readonly string[]): string[] {
  return origins.filter((origin) => names.some((name) => isNamed(origin, name)));
}

function isNamed(origin: string, name: string): boolean {
  const { hostname } = new URL(origin);
  if (name === '*' || name === origin || name === hostname || name === `${origin}/`) return true;
  const [, suffix] = /^(?:https:\/\/)?\[\*\.\](.+)$/.exec(name) ?? [];
  return suffix !== undefined && (hostname === suffix || hostname.endsWith(`.${suffix}`));
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
