/**
 * What is loaded at its first call. A page that looks for the agent waits from the agent's start to the answer to `hello`,
 * and that answer needs no token, no CA, no dialog and no order. So the ports' rooms, the operations and the reminders
 * come later.
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
    demands: async (signal) => (await ca()).demands(signal),
    certificates: async (signal) => (await ca()).certificates(signal),
    request: async (csr, authorization, signal) => (await ca()).request(csr, authorization, signal),
    clock: async (signal) => (await ca()).clock(signal),
  };
};

/** Long enough for a page's journey, short enough for somebody who installs what was missing and tries again. */
const FOUND_FOR_MS = 20_000;

/** The modules of this machine. Whether one may be loaded is looked at again by the host that loads it. */
export function modulesBy(config: AgentConfig, report: Report): () => Promise<readonly Pkcs11Module[]> {
  let found: { readonly modules: Promise<readonly Pkcs11Module[]>; readonly at: number } | undefined;
  return () => {
    const now = process.uptime() * 1_000;
    if (!found || now - found.at > FOUND_FOR_MS) found = { modules: look(config, report), at: now };
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
    const [{ humanAt, refuseScriptedHuman }, { openDialog }] = await Promise.all([
      import('./human.ts'),
      import('./dialog/open.ts'),
    ]);
    return humanAt((plan) => {
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

export function notifyBy(language: Language, environment: NodeJS.ProcessEnv, report: Report): Ports['notify'] {
  const show = once(async () => {
    const { desktopNotifications, notifyIn } = await import('./reminders/notification.ts');
    return notifyIn(language, desktopNotifications(environment, report));
  });
  return (notice) => {
    show().then(
      (notify) => notify(notice),
      (error: unknown) => report('notification: not shown', {}, error),
    );
  };
}

/** Each operation with the profiles as they are when it is asked for. */
export function operationsOn(
  ports: Ports,
  profiles: () => Promise<readonly Profile[]>,
  appVersion: string,
): Operations {
  const world = async (signal: AbortSignal) => ({ ports, profiles: await profiles(), signal });
  return {
    async logIn(order, origin, signal) {
      const { logIn } = await import('./operations/login.ts');
      return await logIn(order, origin, appVersion, await world(signal));
    },
    async remove(order, origin, signal) {
      const { removePair } = await import('./operations/removal.ts');
      await removePair(order, origin, await world(signal));
    },
    async deviceStatus(origin, signal) {
      const { deviceStatus } = await import('./operations/status.ts');
      return await deviceStatus(origin, await world(signal));
    },
  };
}

const REMINDS_AFTER_MS = 2_000;

/** Reminds daily until `signal` is aborted. A page may be waiting for the agent that has just started; a reminder is not. */
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
