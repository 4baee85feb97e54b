/** The reference bank: its site, its RA and its CA, each on an origin of its own, over one state folder. */
import { chmodSync, mkdirSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { createNonces } from '../bank/nonces.ts';
import type { Language } from '../protocol/languages.ts';
import { type Credentials, openAccounts } from './accounts.ts';
import { issueToServer, openAuthority, pemOf } from './authority.ts';
import { authorityRoutes } from './authority-site.ts';
import { estServer } from './est.ts';
import { LABEL, openOrderKey, PROFILE_ID, profileOf } from './profile.ts';
import type { Ra, RenewalWindow } from './ra.ts';
import { siteRoutes } from './site.ts';
import { Throttle } from './throttle.ts';
import { openWeb } from './web.ts';

export type BankOptions = {
  /** Where keys, accounts and certificates are kept; made if missing, for its owner only. */
  readonly stateFolder: string;
  readonly host?: '127.0.0.1';
  /** 0: a free one. */
  readonly ports?: { readonly site?: number; readonly ca?: number; readonly est?: number };
  /** `http` is for localhost only. */
  readonly scheme?: 'http' | 'https';
  /** Names that browsers know the two origins by; they must lead to this machine. */
  readonly hostnames?: { readonly site: string; readonly ca: string };
  readonly language?: Language;
  /** How long a request waits for approval; 0: issued at once. */
  readonly pendingMs?: number;
  readonly authorization?: 'basic' | 'bearer';
  readonly renewal?: RenewalWindow;
};

export type Bank = {
  readonly siteUrl: string;
  readonly caUrl: string;
  readonly estUrl: string;
  /** For the agent: JSON, as `native-config/schema.ts` has it. */
  readonly profile: Readonly<Record<string, unknown>>;
  readonly accounts: readonly Credentials[];
  /** PEM: the root of this bank's TLS servers. */
  readonly trustAnchor: string;
  /** PEM: the root above the CA that issues to customers. */
  readonly customerRoot: string;
  close(): Promise<void>;
};

const DEFAULTS = {
  host: '127.0.0.1',
  ports: {},
  scheme: 'http',
  hostnames: { site: 'localhost', ca: 'localhost' },
  language: 'ja',
  pendingMs: 0,
  authorization: 'basic',
  renewal: { opensDaysBefore: 30, closesDaysAfter: 90 },
} as const;

export async function startBank(options: BankOptions): Promise<Bank> {
  const settings: Required<BankOptions> = { ...DEFAULTS, ...options };
  const { stateFolder, host, ports, language, renewal, pendingMs, hostnames } = settings;
  openFolder(stateFolder);
  const authority = await openAuthority(stateFolder);
  const { store, credentials } = await openAccounts(stateFolder);
  const orderKey = await openOrderKey(stateFolder);
  const certificate = await issueToServer(authority, Object.values(hostnames));

  // Known once the servers listen; no request comes before.
  const urls = { siteUrl: '', caUrl: '' };
  const web = { language, tls: settings.scheme === 'https' ? certificate : undefined, urls };
  const [site, ca] = [await openWeb({ ...web, side: 'bank' }), await openWeb({ ...web, side: 'authority' })];
  const rules = { store, throttle: new Throttle(), orderKey, renewal, scheme: settings.authorization };
  const ra: Ra = { ...rules, profileId: PROFILE_ID, label: LABEL, origin: () => urls.caUrl };
  const issuers = [pemOf(authority.issuing.certificate)];
  const login = {
    store,
    nonces: createNonces(),
    orderKey,
    profileId: PROFILE_ID,
    siteOrigin: () => urls.siteUrl,
    issuers,
  };
  siteRoutes(site, ra, login);
  authorityRoutes(ca, ra);
  const est = estServer({ authority, store, pendingMs }, LABEL, certificate);

  const servers = [site.app, ca.app, est] as const;
  const close = async (): Promise<void> => void (await Promise.all(servers.map((server) => server.close())));
  const listening = await listenAll(servers, [ports.site, ports.ca, ports.est], host).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  urls.siteUrl = `${settings.scheme}://${hostnames.site}:${listening[0]}`;
  urls.caUrl = `${settings.scheme}://${hostnames.ca}:${listening[1]}`;
  const estUrl = `https://${host}:${listening[2]}/.well-known/est/${LABEL}`;
  const profile = profileOf({ origins: Object.values(urls), estUrl, authority, orderKey, renewal });
  const anchors = {
    trustAnchor: pemOf(authority.tlsRoot.certificate),
    customerRoot: pemOf(authority.root.certificate),
  };
  return { ...urls, estUrl, profile, accounts: credentials, ...anchors, close };
}

function openFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // It may have been there before.
  chmodSync(folder, 0o700);
}

async function listenAll(
  servers: readonly FastifyInstance[],
  ports: readonly (number | undefined)[],
  host: string,
): Promise<number[]> {
  const listening: number[] = [];
  for (const [at, server] of servers.entries()) {
    const address = await server.listen({ host, port: ports[at] ?? 0 });
    listening.push(Number(new URL(address).port));
  }
  return listening;
}
