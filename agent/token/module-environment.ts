/** What `agent.json` sets in the environment of one module's token host. */
import type { Environment } from '../platform/platform.ts';

/** NODE_OPTIONS would load code into the host, LD_PRELOAD into the module: refused when `agent.json` is read, and here. */
const NEVER = /^(NODE|LD|DYLD)_/;

export function moduleEnvironment(module: Environment): Record<string, string> {
  const wanted: Record<string, string> = {};
  for (const [name, value] of Object.entries(module)) {
    if (value !== undefined && !NEVER.test(name)) wanted[name] = value;
  }
  return wanted;
}
