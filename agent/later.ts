/**
 * Ports whose rooms are loaded at their first call. A page that looks for the agent waits from the agent's start to the
 * answer to `hello`, and that answer needs no token, no CA and no dialog: parsing them all would be half of the wait.
 */

import type { AgentConfig, Pkcs11Module } from '../native-config/schema.ts';
import type { DialogSettings, Language } from './dialog/dialog.ts';
import type { CertificationAuthority, ConnectCa, Human, Ports } from './enrollment/ports.ts';
import type { Report } from './log.ts';
import { refuseScriptOutsideTests } from './script.ts';
import type { TokenOptions, TokenService } from './token/token.ts';

/** What `load` answers, asked for once. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => {
    loaded ??= load();
    return loaded;
  };
}

export const connectCa: ConnectCa = (service, timeoutMs) => {
  const ca = once<CertificationAuthority>(async () => (await import('./ca/index.ts')).connectCa(service, timeoutMs));
  return {
    csrattrs: async (signal) => (await ca()).csrattrs(signal),
    cacerts: async (signal) => (await ca()).cacerts(signal),
    simpleenroll: async (csr, authorization, signal) => (await ca()).simpleenroll(csr, authorization, signal),
  };
};

/** Long enough for a page's journey, short enough for somebody who installs what was missing and tries again. */
const FOUND_LIVES_MS = 20_000;

/** The modules of this machine. Whether one may be loaded is looked at again by the host that loads it. */
export function modulesBy(config: AgentConfig, report: Report): () => Promise<readonly Pkcs11Module[]> {
  let found: { readonly modules: Promise<readonly Pkcs11Module[]>; readonly at: number } | undefined;
  return () => {
    const now = process.uptime() * 1_000;
    if (!found || now - found.at > FOUND_LIVES_MS) found = { modules: look(config, report), at: now };
    return found.modules;
  };
}

async function look(config: AgentConfig, report: Report): Promise<readonly Pkcs11Module[]> {
  const { findModules } = await import('../native-config/modules.ts');
  return await findModules(config, report);
}

export function tokensBy(options: TokenOptions): TokenService {
  const tokens = once(async () => (await import('./token/token.ts')).createTokens(options));
  return {
    list: async (signal, deadlines) => (await tokens()).list(signal, deadlines),
    watch: async (signal, deadlines) => (await tokens()).watch(signal, deadlines),
    certificates: async (token, signal) => (await tokens()).certificates(token, signal),
    open: async (token, pin, deadlines, signal) => (await tokens()).open(token, pin, deadlines, signal),
    keepReady: () => void tokens().then((service) => service.keepReady()),
    close: async () => (await tokens()).close(),
  };
}

/** Dialogs with the time limit of a plan's bank; a scripted human for test profiles only. */
export function humanBy(settings: DialogSettings, environment: NodeJS.ProcessEnv): Human {
  const human = once(async () => {
    const [{ humanAt }, { openDialog }] = await Promise.all([import('./human.ts'), import('./dialog/open.ts')]);
    return humanAt((plan) => {
      refuseScriptOutsideTests(settings.script, plan);
      return openDialog({ ...settings, timeoutMs: plan.deadlines.dialogMs }, environment);
    });
  });
  return {
    consent: async (request, signal) => (await human()).consent(request, signal),
    authorizationCode: async (request, signal) => (await human()).authorizationCode(request, signal),
    chooseToken: async (request, signal) => (await human()).chooseToken(request, signal),
    insertToken: async (request, signal) => (await human()).insertToken(request, signal),
    tellLocked: async (request, signal) => (await human()).tellLocked(request, signal),
    chooseCertificate: async (request, signal) => (await human()).chooseCertificate(request, signal),
  };
}

export function notifyBy(language: Language, environment: NodeJS.ProcessEnv, report: Report): Ports['notify'] {
  const show = once(async () => {
    const { desktopNotifications, notifyIn } = await import('./notification.ts');
    return notifyIn(language, desktopNotifications(environment, report));
  });
  return (notice) => {
    show().then(
      (notify) => notify(notice),
      (error: unknown) => report('notification: not shown', {}, error),
    );
  };
}
