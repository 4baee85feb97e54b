/** The tokens port (`agent/ports/token.ts`): every call goes to a token host. */

import type { Pkcs11Module } from '../../native-config/schema.ts';
import { asDer, type CertificateDer } from '../../web-bridge/asn1/der.ts';
import { AgentError, asAgentError } from '../../web-bridge/protocol/errors.ts';
import type { DialogSettings } from '../dialog/dialog.ts';
import type { Environment } from '../platform/platform.ts';
import type {
  GeneratedKey,
  KeyReference,
  PinContext,
  StoredCertificate,
  TokenDescription,
  TokenIdentity,
  TokenSession,
  Tokens,
} from '../ports/token.ts';
import type { HostOperation, HostParams, HostResult, PartialFailure } from './host-protocol.ts';
import { Hosts } from './hosts.ts';
import type { Report, Task, TokenHost } from './token-host.ts';
import { watchTokens } from './watch.ts';

export type TokenOptions = {
  readonly modules: () => Promise<readonly Pkcs11Module[]>;
  readonly dialog: DialogSettings;
  /** The host reads the profiles by itself to decide whether a scripted human is allowed. */
  readonly profileFolders: readonly string[];
  readonly environment: Environment;
  readonly report: Report;
};

/** The port, and what the composition root asks of the processes behind it. */
export type TokenService = Tokens & {
  /** Work is about to come: keeps a spare process ready. */
  keepReady(): void;
  /** Ends all hosts, those at work too. */
  close(): Promise<void>;
};

type Deadlines = Parameters<Tokens['open']>[2];
type Using = { readonly deadlines?: Deadlines; readonly signal: AbortSignal };
type TokenAccess = TokenOptions & { readonly hosts: Hosts };

export function createTokens(options: TokenOptions): TokenService {
  const hosts = new Hosts(options);
  const access = { ...options, hosts };
  let expecting = false;
  const keepReady = (): void => {
    expecting = true;
    // An error here comes again when the modules are used, and is reported then.
    options.modules().catch(() => undefined);
    hosts.keepReady();
  };
  return {
    list: (signal, deadlines) => listAll(access, { signal, ...(deadlines ? { deadlines } : {}) }),
    watch: async (signal, deadlines) =>
      watchTokens(await options.modules(), (module) => startHost(access, module, { signal, deadlines }), signal),
    certificates: (token, signal) => listCertificates(access, token, signal),
    async open(token, pin, deadlines, signal) {
      const open = (context: PinContext) => openHost(access, token, context, { deadlines, signal });
      return sessionOn(await open(pin), open, pin, options.report, () => expecting && hosts.keepReady());
    },
    keepReady,
    close: () => hosts.close(),
  };
}

async function listAll(access: TokenAccess, using: Using): Promise<TokenDescription[]> {
  const modules = await access.modules();
  const lists = await Promise.all(modules.map((module) => listOne(access, module, using)));
  using.signal.throwIfAborted();
  return lists.flat();
}

/** A module that fails does not hide the tokens of the others. Each list has a new process, since some modules miss a token that was plugged in later. */
async function listOne(access: TokenAccess, module: Pkcs11Module, using: Using): Promise<TokenDescription[]> {
  try {
    const host = await startHost(access, module, using);
    const { tokens, failures } = await lookAndRest(access, module, host, () => host.request('list', {}));
    reportFailures(access.report, 'slot left out', module.path, failures);
    return tokens;
  } catch (error) {
    const { code, details, cause } = asAgentError(error);
    access.report('module left out', { module: module.path, code, ...details }, cause);
    return [];
  }
}

async function listCertificates(
  access: TokenAccess,
  token: TokenIdentity,
  signal: AbortSignal,
): Promise<StoredCertificate[]> {
  const { certificates } = await onTokensModule(access, token, { signal }, (host, module) =>
    lookAndRest(access, module, host, () => host.request('certificates', { token: identityOf(token) })),
  );
  return certificates.map(({ certificate, label }) => ({ token, certificate: asDer(certificate), label }));
}

function openHost(access: TokenAccess, token: TokenIdentity, pin: PinContext, using: Using): Promise<TokenHost> {
  const timeoutMs = using.deadlines?.dialogMs ?? access.dialog.timeoutMs;
  const dialog = { ...access.dialog, timeoutMs };
  const profileFolders = [...access.profileFolders];
  return onTokensModule(access, token, using, async (host) => {
    await host.request('open', { token: identityOf(token), pin, dialog, profileFolders });
    return host;
  });
}

type Work<T> = (host: TokenHost, module: Pkcs11Module) => Promise<T>;

/**
 * Works in a resting host, whose module is started anew first. If that fails, a new host is tried: some modules cannot be started
 * twice in a process, or lost their service. A host that hangs is not replaced, since a new one would hang as well.
 */
async function onTokensModule<T>(access: TokenAccess, token: TokenIdentity, using: Using, work: Work<T>): Promise<T> {
  const rested = access.hosts.rested(token.module, taskOf(access, using));
  if (!rested) return await inNewHost(access, token, using, work);
  try {
    return await endingIfFailed(rested.host, async (host) => {
      await host.request('refresh', {});
      return await work(host, rested.module);
    });
  } catch (error) {
    using.signal.throwIfAborted();
    if (asAgentError(error).code === 'ERR_TOKEN_HOST_TIMEOUT') throw error;
    return await inNewHost(access, token, using, work);
  }
}

/** `agent.json` may name one module several times, with different environments. The first that shows the token is used. */
async function inNewHost<T>(access: TokenAccess, token: TokenIdentity, using: Using, work: Work<T>): Promise<T> {
  const modules = (await access.modules()).filter(({ path }) => path === token.module);
  let missing = new AgentError(modules.length === 0 ? 'ERR_MODULE_MISSING' : 'ERR_TOKEN_MISSING', {
    label: token.label,
  });
  for (const module of modules) {
    try {
      return await endingIfFailed(await startHost(access, module, using), (host) => work(host, module));
    } catch (error) {
      if (!(error instanceof AgentError) || error.code !== 'ERR_TOKEN_MISSING') throw error;
      missing = error;
    }
  }
  throw missing;
}

function startHost(access: TokenAccess, module: Pkcs11Module, using: Using): Promise<TokenHost> {
  return access.hosts.start(module, taskOf(access, using));
}

function taskOf({ dialog }: TokenAccess, { deadlines, signal }: Using): Task {
  return { deadlines: deadlines?.token ?? {}, dialogMs: deadlines?.dialogMs ?? dialog.timeoutMs, signal };
}

async function endingIfFailed<T>(host: TokenHost, work: (host: TokenHost) => Promise<T>): Promise<T> {
  try {
    return await work(host);
  } catch (error) {
    await host.end();
    throw error;
  }
}

/** For work without a PIN: the host rests afterwards. */
async function lookAndRest<T>(
  access: TokenAccess,
  module: Pkcs11Module,
  host: TokenHost,
  look: () => Promise<T>,
): Promise<T> {
  const seen = await endingIfFailed(host, look);
  access.hosts.rest(module, host);
  return seen;
}

/** The purpose of the PIN dialog when a host has to be started again, because it was idle for too long and has ended. */
const PURPOSE_AGAIN: Readonly<Partial<Record<HostOperation, PinContext['purpose']>>> = {
  store: 'write-back',
  prove: 'write-back',
  destroy: 'abandon',
};

function sessionOn(
  first: TokenHost,
  reopen: (pin: PinContext) => Promise<TokenHost>,
  pin: PinContext,
  report: Report,
  ended: () => void,
): TokenSession {
  let host = first;
  let closed = false;
  const request = async <O extends HostOperation>(operation: O, params: HostParams<O>): Promise<HostResult<O>> => {
    if (closed) throw new AgentError('ERR_INTERNAL_FAILED', { reason: 'the session is closed' });
    if (host.ended) host = await reopen({ ...pin, purpose: PURPOSE_AGAIN[operation] ?? pin.purpose });
    return host.request(operation, params);
  };
  return {
    async generate({ ckaId, label, keys }) {
      return keyOf(await request('generate', { ckaId, label, keys: [...keys] }));
    },
    async signRequest(key, info) {
      return (await request('signRequest', { key: referenceOf(key), info })).signature;
    },
    async store(key, certificate, chain, label) {
      const { failures } = await request('store', { key: referenceOf(key), certificate, chain: [...chain], label });
      reportFailures(report, 'chain certificate not stored', pin.profile, failures);
    },
    prove: (key, certificate, challenge) => request('prove', { key: referenceOf(key), certificate, challenge }),
    destroy: (ckaId, spki) => request('destroy', { ckaId, ...(spki ? { spki } : {}) }),
    authenticate: (certificate, origin, nonce) => request('authenticate', { certificate, origin, nonce }),
    remove: (certificate) => request('remove', { certificate }),
    async changePin() {
      await request('changePin', {});
    },
    async close() {
      closed = true;
      await host.end();
      ended();
    },
  };
}

function keyOf({ keyType, spki, examination, attestation }: HostResult<'generate'>): GeneratedKey {
  const told = attestation.map((der) => asDer<CertificateDer>(der));
  return { keyType, spki: asDer(spki), examination, ...(told.length > 0 ? { attestation: told } : {}) };
}

/** Exactly these members: the schema at the other end is strict, and the caller's object may have more. */
function identityOf({
  module,
  label,
  serialNumber,
  manufacturer,
  model,
  slotDescription,
}: TokenIdentity): TokenIdentity {
  return { module, label, serialNumber, manufacturer, model, slotDescription };
}

function referenceOf({ ckaId, spki, keyType }: KeyReference): HostParams<'prove'>['key'] {
  return { ckaId, spki, keyType };
}

function reportFailures(report: Report, fact: string, where: string, failures: readonly PartialFailure[]): void {
  for (const failure of failures) report(fact, { where, ...failure });
}
