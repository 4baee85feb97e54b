/** Whether a browser that is managed by policy may reach the agent from a bank's page without asking (`native-config/browser`). */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { platform } from '../platform/current.ts';

/** `allows`: the bank's origins that the policies of this browser name. */
export type BrowserPolicy = { readonly browser: string; readonly files: number; readonly allows: readonly string[] };

/** How each browser's policies name the addresses that may be reached. All but Firefox are Chromium's kin. */
function namesIn(browser: string): (policy: unknown) => string[] {
  return browser === 'Firefox' ? namedByFirefox : namedByChromium;
}

const MAX_CHARACTERS = 1024 * 1024;

/** Browsers that have a policy at all; without one they ask the customer, once. */
export async function browserPolicies(origins: readonly string[]): Promise<BrowserPolicy[]> {
  const found = await Promise.all(
    platform.browserPolicies.map(async ({ browser, places }) => {
      const policies = (await Promise.all(places.map(policiesAt))).flat();
      return { browser, files: policies.length, allows: allowedBy(policies.flatMap(namesIn(browser)), origins) };
    }),
  );
  return found.filter(({ files }) => files > 0);
}

async function policiesAt(place: string): Promise<unknown[]> {
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

/** Those of the origins that a list names: as origin, as host, by `*`, or by Chromium's pattern for all hosts below one. */
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
