/** Tokens as the use case wants them (`enrollment/ports.ts`), each behind a token host of its own. */

import type { Pkcs11Module } from '../../native-config/schema.ts';
import { AgentError, asAgentError } from '../../web-bridge/protocol/errors.ts';
import type { DialogSettings } from '../dialog/dialog.ts';
import type {
  GeneratedKey,
  KeyReference,
  PinContext,
  StoredCertificate,
  TokenDescription,
  TokenIdentity,
  TokenSession,
  Tokens,
} from '../enrollment/ports.ts';
import { asDer, type CertificateDer } from '../x509/der.ts';
import type { Environment } from './host-environment.ts';
import type { HostOperation, HostParams, HostResult, Mishap } from './host-protocol.ts';
import { type Report, TokenHost } from './token-host.ts';
import { watchTokens } from './watch.ts';

export type TokenOptions = {
  readonly modules: () => Promise<readonly Pkcs11Module[]>;
  readonly dialog: DialogSettings;
  /** Where the host looks by itself whether a scripted human is allowed. */
  readonly profileFolders: readonly string[];
  readonly environment: Environment;
  readonly report: Report;
};

type Deadlines = Parameters<Tokens['open']>[2];
type Using = { readonly deadlines?: Deadlines; readonly signal: AbortSignal };

export function createTokens(options: TokenOptions): Tokens {
  return {
    list: (signal, deadlines) => listAll(options, { signal, ...(deadlines ? { deadlines } : {}) }),
    watch: async (signal, deadlines) =>
      watchTokens(await options.modules(), (module) => startHost(options, module, { signal, deadlines }), signal),
    certificates: (token, signal) => listCertificates(options, token, signal),
    async open(token, pin, deadlines, signal) {
      const host = await openHost(options, token, pin, { deadlines, signal });
      return sessionOn(host, (again) => openHost(options, token, again, { deadlines, signal }), pin, options.report);
    },
  };
}

async function listAll(options: TokenOptions, using: Using): Promise<TokenDescription[]> {
  const modules = await options.modules();
  const lists = await Promise.all(modules.map((module) => listOne(options, module, using)));
  using.signal.throwIfAborted();
  return lists.flat();
}

/** One module that fails does not hide the tokens of the others. */
async function listOne(options: TokenOptions, module: Pkcs11Module, using: Using): Promise<TokenDescription[]> {
  try {
    const { tokens, mishaps } = await withHost(options, module, using, (host) => host.request('list', {}));
    reportMishaps(options.report, 'slot left out', module.path, mishaps);
    return tokens;
  } catch (error) {
    const { code, details, cause } = asAgentError(error);
    options.report('module left out', { module: module.path, code, ...details }, cause);
    return [];
  }
}

async function listCertificates(
  options: TokenOptions,
  token: TokenIdentity,
  signal: AbortSignal,
): Promise<StoredCertificate[]> {
  const { certificates } = await onTokensModule(options, token, (module) =>
    withHost(options, module, { signal }, (host) => host.request('certificates', { token: identityOf(token) })),
  );
  return certificates.map(({ certificate, label }) => ({ token, certificate: asDer(certificate), label }));
}

function openHost(options: TokenOptions, token: TokenIdentity, pin: PinContext, using: Using): Promise<TokenHost> {
  const timeoutMs = using.deadlines?.dialogMs ?? options.dialog.timeoutMs;
  const dialog = { ...options.dialog, timeoutMs };
  const profileFolders = [...options.profileFolders];
  return onTokensModule(options, token, async (module) => {
    const host = await startHost(options, module, using);
    try {
      await host.request('open', { token: identityOf(token), pin, dialog, profileFolders });
      return host;
    } catch (error) {
      await host.end();
      throw error;
    }
  });
}

/** `agent.json` may name one module several times with different environments: the first that shows the token. */
async function onTokensModule<T>(
  options: TokenOptions,
  token: TokenIdentity,
  work: (module: Pkcs11Module) => Promise<T>,
): Promise<T> {
  const modules = (await options.modules()).filter(({ path }) => path === token.module);
  let missing = new AgentError(modules.length === 0 ? 'ERR_MODULE_MISSING' : 'ERR_TOKEN_MISSING', {
    label: token.label,
  });
  for (const module of modules) {
    try {
      return await work(module);
    } catch (error) {
      if (!(error instanceof AgentError) || error.code !== 'ERR_TOKEN_MISSING') throw error;
      missing = error;
    }
  }
  throw missing;
}

function startHost(options: TokenOptions, module: Pkcs11Module, { deadlines, signal }: Using): Promise<TokenHost> {
  return TokenHost.start({
    module,
    environment: options.environment,
    deadlines: deadlines?.token ?? {},
    dialogMs: deadlines?.dialogMs ?? options.dialog.timeoutMs,
    signal,
    report: options.report,
  });
}

async function withHost<T>(
  options: TokenOptions,
  module: Pkcs11Module,
  using: Using,
  work: (host: TokenHost) => Promise<T>,
): Promise<T> {
  const host = await startHost(options, module, using);
  try {
    return await work(host);
  } finally {
    await host.end();
  }
}

/** What the PIN is asked for when a host that ended (idle for too long) has to be started again. */
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
): TokenSession {
  let host = first;
  let closed = false;
  const request = async <O extends HostOperation>(operation: O, params: HostParams<O>): Promise<HostResult<O>> => {
    if (closed) throw new AgentError('ERR_INTERNAL_FAILED', { reason: 'the session is closed' });
    if (host.ended) host = await reopen({ ...pin, purpose: PURPOSE_AGAIN[operation] ?? pin.purpose });
    return host.request(operation, params);
  };
  return {
    async generate({ ckaId, label, keys }): Promise<GeneratedKey> {
      const made = await request('generate', { ckaId, label, keys: [...keys] });
      const { keyType, spki, examination } = made;
      const attestation = made.attestation.map((der) => asDer<CertificateDer>(der));
      return { keyType, spki: asDer(spki), examination, ...(attestation.length > 0 ? { attestation } : {}) };
    },
    async signRequest(key, info) {
      return (await request('signRequest', { key: referenceOf(key), info })).signature;
    },
    async store(key, certificate, chain, label) {
      const { mishaps } = await request('store', { key: referenceOf(key), certificate, chain: [...chain], label });
      reportMishaps(report, 'chain certificate not stored', pin.profile, mishaps);
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
    },
  };
}

/** Strict schemas at the other end: exactly these members, whatever else the caller's object holds. */
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

function reportMishaps(report: Report, fact: string, where: string, mishaps: readonly Mishap[]): void {
  for (const mishap of mishaps) report(fact, { where, ...mishap });
}
