/** Whether a PKCS#11 module may be loaded from its path. Loads no schemas, because each token host needs it at its start. */
import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import { platform } from '../agent/platform/current.ts';
import { AgentError } from '../web-bridge/protocol/errors.ts';

/**
 * The module's real path. The given path must be absolute and without `..`. No other user may write to the file, to a folder
 * above it, or to the folder of a link to it. Only the cause of an error has paths, because web pages see its details.
 * @throws AgentError ERR_MODULE_UNSAFE, ERR_MODULE_MISSING
 */
export async function checkModulePath(path: string): Promise<string> {
  if (!isAbsolute(path)) throw unsafe('not an absolute path', path);
  if (path.split(/[/\\]/).includes('..')) throw unsafe('not a plain path', path);
  const real = await realpath(path).catch((error: unknown) => {
    throw new AgentError('ERR_MODULE_MISSING', {}, error);
  });
  const flaw =
    (await platform.ownershipFlaw(real)) ?? (real === path ? undefined : await platform.ownershipFlaw(dirname(path)));
  if (flaw) throw unsafe('others could change it', flaw);
  return real;
}

function unsafe(reason: string, cause: string): AgentError {
  return new AgentError('ERR_MODULE_UNSAFE', { reason }, new Error(cause));
}
