/** Lists the tokens once a second, to see whether one was inserted or removed. Few modules have C_WaitForSlotEvent. Each module has one host for the whole time. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Pkcs11Module } from '../../native-config/schema.ts';
import type { TokenWatch } from '../ports/token.ts';
import type { TokenHost } from './token-host.ts';

const POLL_MS = 1_000;

type Watched = { readonly module: Pkcs11Module; host: TokenHost | undefined };

/** Resolves when the present tokens are known. Changes after that are reported. */
export async function watchTokens(
  modules: readonly Pkcs11Module[],
  start: (module: Pkcs11Module) => Promise<TokenHost>,
  signal: AbortSignal,
): Promise<TokenWatch> {
  const watched: Watched[] = modules.map((module) => ({ module, host: undefined }));
  const lookAtAll = async (): Promise<string> =>
    JSON.stringify(await Promise.all(watched.map((one) => look(one, start))));
  let known = await lookAtAll();
  return {
    async changed() {
      for (;;) {
        await sleep(POLL_MS, undefined, { signal });
        const now = await lookAtAll();
        if (now === known) continue;
        known = now;
        return;
      }
    },
    async close() {
      await Promise.all(watched.map(async ({ host }) => host?.end()));
    },
  };
}

/** A module that fails counts as without tokens. It is started anew at the next look, which some need when a reader comes back. */
async function look(one: Watched, start: (module: Pkcs11Module) => Promise<TokenHost>): Promise<unknown> {
  try {
    if (!one.host || one.host.ended) one.host = await start(one.module);
    return (await one.host.request('list', {})).tokens;
  } catch {
    await one.host?.end();
    one.host = undefined;
    return [];
  }
}
