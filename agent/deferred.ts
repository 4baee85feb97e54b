/**
 * Modules that are imported at their first call. A page that looks for the agent waits for the answer to `hello`, which needs no
 * token, no CA, no dialog and no order. So the rooms for these, the operations and the reminders are imported later.
 */
import type { AgentConfig, Pkcs11Module, Profile } from '../native-config/schema.ts';
import type { Language } from '../web-bridge/protocol/languages.ts';
import type { DialogSettings } from './dialog/dialog.ts';
import type { Enrollments } from './enrollment/enrollments.ts';
import type { Operations } from './methods/context.ts';
import type { CertificationAuthority, ConnectCa } from './ports/ca.ts';
import type { Human } from './ports/human.ts';
import type { Ports } from './ports/ports.ts';
import type { Report } from './records/log.ts';
import type { TokenOptions, TokenService } from './token/token.ts';

/** Calls `load` at the first call only. */
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
    demands: async (signal) => (await ca()).demands(signal),
    certificates: async (signal) => (await ca()).certificates(signal),
    request: async (csr, authorization, signal) => (await ca()).request(csr, authorization, signal),
    clock: async (signal) => (await ca()).clock(signal),
  };
};

/**
 * How long the list of modules is kept: long enough for one enrollment, short enough for a person who installs a missing module
 * and tries again.
 */
const MODULES_KEPT_MS = 20_000;

/** The PKCS#11 modules of this machine. The token host that loads a module checks again whether it may be loaded. */
export function deferredModules(config: AgentConfig, report: Report): () => Promise<readonly Pkcs11Module[]> {
  let found: { readonly modules: Promise<readonly Pkcs11Module[]>; readonly at: number } | undefined;
  return () => {
    const now = process.uptime() * 1_000;
    if (!found || now - found.at > MODULES_KEPT_MS) found = { modules: find(config, report), at: now };
    return found.modules;
  };
}

async function find(config: AgentConfig, report: Report): Promise<readonly Pkcs11Module[]> {
  const { findModules } = await import('../native-config/modules.ts');
  return await findModules(config, report);
}

export function deferredTokens(options: TokenOptions): TokenService {
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

/** Each dialog has the time limit of the plan's bank. A scripted human answers for test profiles only. */
export function deferredHuman(settings: DialogSettings, environment: NodeJS.ProcessEnv): Human {
  const human = once(async () => {
    const [{ createHuman, refuseScriptedHuman }, { openDialog }] = await Promise.all([
      import('./human.ts'),
      import('./dialog/open.ts'),
    ]);
    return createHuman((plan) => {
      refuseScriptedHuman(settings.script, plan);
      return openDialog({ ...settings, timeoutMs: plan.deadlines.dialogMs }, environment);
    });
  });
  return {
    consent: async (request, signal) => (await human()).consent(request, signal),
    authorizationCode: async (request, signal) => (await human()).authorizationCode(request, signal),
    chooseToken: async (request, signal) => (await human()).chooseToken(request, signal),
    insertToken: async (request, signal) => (await human()).insertToken(request, signal),
    showPinLocked: async (request, signal) => (await human()).showPinLocked(request, signal),
    chooseCertificate: async (request, signal) => (await human()).chooseCertificate(request, signal),
  };
}

export function deferredNotify(language: Language, environment: NodeJS.ProcessEnv, report: Report): Ports['notify'] {
  const show = once(async () => {
    const { desktopNotifications, createNotify } = await import('./reminders/notification.ts');
    return createNotify(language, desktopNotifications(environment, report));
  });
  return (notice) => {
    show().then(
      (notify) => notify(notice),
      (error: unknown) => report('notification: not shown', {}, error),
    );
  };
}

/** Each operation reads the profiles when it begins. */
export function deferredOperations(
  ports: Ports,
  profiles: () => Promise<readonly Profile[]>,
  appVersion: string,
): Operations {
  const context = async (signal: AbortSignal) => ({ ports, profiles: await profiles(), signal });
  return {
    async logIn(order, origin, signal) {
      const { logIn } = await import('./operations/login.ts');
      return await logIn(order, origin, appVersion, await context(signal));
    },
    async remove(order, origin, signal) {
      const { removePair } = await import('./operations/removal.ts');
      await removePair(order, origin, await context(signal));
    },
    async deviceStatus(origin, signal) {
      const { deviceStatus } = await import('./operations/status.ts');
      return await deviceStatus(origin, await context(signal));
    },
  };
}

/** A page may be waiting for the agent that has just started. A reminder can wait. */
const REMINDS_AFTER_MS = 2_000;

/** Reminds at the start and daily, until `signal` is aborted. */
export async function remindDaily(
  enrollments: Enrollments,
  profiles: () => Promise<readonly Profile[]>,
  ports: Ports,
  signal: AbortSignal,
): Promise<void> {
  await ports.clock.sleep(REMINDS_AFTER_MS, signal).catch(() => {});
  if (signal.aborted) return;
  const reminders = await import('./reminders/daily.ts');
  await reminders.remindDaily(() => enrollments.waitingForPin(), profiles, ports, signal);
}
