/** The table of operations of a token host. A message names a row; nothing else can be called. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { HostOperation, HostParams, HostResult } from '../token/host-protocol.ts';
import { authenticate } from './authenticate.ts';
import { changePin } from './change-pin.ts';
import { destroy } from './destroy.ts';
import { generate } from './generate.ts';
import { listCertificates } from './listing.ts';
import { finalize, initialize, type LoadedModule, loadForPinPad, loadModule } from './module.ts';
import { remove } from './remove.ts';
import { isRequestInfoFor } from './request-info.ts';
import { type OpenToken, openToken, type ProgressReporter, wipePins } from './session.ts';
import { asX509, signWith } from './sign.ts';
import { findSlot, listTokens, tokenFlags } from './slots.ts';
import { prove, store } from './write-back.ts';

/** The state of this process between messages. */
export type Host = {
  readonly progress: ProgressReporter;
  module: LoadedModule | undefined;
  token: OpenToken | undefined;
};

type Operations = { readonly [O in HostOperation]: (host: Host, params: HostParams<O>) => Promise<HostResult<O>> };

export const OPERATIONS: Operations = {
  async start(host, { module }) {
    if (host.module) throw new AgentError('ERR_TOKEN_HOST_PROTOCOL', { operation: 'start' });
    Object.assign(process.env, module.environment);
    host.module = await loadModule(module.path, module.parameters);
    return {};
  },
  async refresh(host) {
    // If a token is open, somebody may be logged in. Such a host does not list.
    if (host.token) throw new AgentError('ERR_TOKEN_HOST_PROTOCOL', { operation: 'refresh' });
    finalize(moduleOf(host), []);
    initialize(moduleOf(host));
    return {};
  },
  async list(host) {
    const { found, failures } = listTokens(moduleOf(host));
    return { tokens: found.map(({ token }) => token), failures };
  },
  certificates: async (host, { token }) => listCertificates(moduleOf(host), token),
  async open(host, { token, pin, dialog, profileFolders }) {
    if (host.token) throw new AgentError('ERR_TOKEN_HOST_PROTOCOL', { operation: 'open' });
    if (dialog.script !== undefined) await assertTestProfile(profileFolders, pin.profile);
    // Loaded here, since a host that only lists tokens needs no dialog.
    const { openDialog } = await import('../dialog/open.ts');
    const { p11 } = moduleOf(host);
    if (tokenFlags(p11, findSlot(moduleOf(host), token)).pinPad) host.module = await loadForPinPad(moduleOf(host));
    host.token = await openToken(moduleOf(host), token, pin, openDialog(dialog, process.env), host.progress);
    return {};
  },
  generate: (host, params) => generate(tokenOf(host), params),
  async signRequest(host, { key, info }) {
    if (!isRequestInfoFor(info, key.spki))
      throw new AgentError('ERR_TOKEN_HOST_PROTOCOL', { operation: 'signRequest' });
    return { signature: asX509(key, await signWith(tokenOf(host), key, info)) };
  },
  store: (host, params) => store(tokenOf(host), params),
  prove: (host, params) => prove(tokenOf(host), params),
  destroy: (host, params) => destroy(tokenOf(host), params),
  authenticate: (host, params) => authenticate(tokenAskedFor(host, 'authenticate'), params),
  remove: (host, params) => remove(tokenAskedFor(host, 'remove'), params),
  async changePin(host) {
    await changePin(tokenAskedFor(host, 'change-pin'));
    return {};
  },
  async end(host) {
    if (host.token) wipePins(host.token);
    if (host.module) finalize(host.module, host.token ? [host.token.slot] : []);
    host.module = undefined;
    host.token = undefined;
    return {};
  },
};

function moduleOf({ module }: Host): LoadedModule {
  if (!module) throw new AgentError('ERR_TOKEN_HOST_PROTOCOL', { missing: 'start' });
  return module;
}

function tokenOf({ token }: Host): OpenToken {
  if (!token) throw new AgentError('ERR_TOKEN_HOST_PROTOCOL', { missing: 'open' });
  return token;
}

/** The PIN dialog says what the PIN is for. So a session opened to enroll must not log in or remove anything. */
function tokenAskedFor(host: Host, purpose: OpenToken['context']['purpose']): OpenToken {
  const token = tokenOf(host);
  if (token.context.purpose !== purpose) throw new AgentError('ERR_TOKEN_HOST_PROTOCOL', { operation: purpose });
  return token;
}

/** The host reads the profiles by itself: even if the agent was misled, only a test profile gets a scripted human. */
async function assertTestProfile(folders: readonly string[], id: string): Promise<void> {
  const { loadProfiles } = await import('../../native-config/load.ts');
  const profile = (await loadProfiles(folders)).find((profile) => profile.id === id);
  if (profile?.test !== true) throw new AgentError('ERR_POLICY_SCRIPTED_HUMAN_REFUSED', { profile: id });
}
