/** What `agent.json` sets in the environment of one module's token host. */
import type { Environment } from '../platform/platform.ts';

/** NODE_OPTIONS loads code into Node, LD_PRELOAD into the process. `agent.json` with them is refused when it is read; this is the second check. */
const NEVER = /^(NODE|LD|DYLD)_/;

export function moduleEnvironment(module: Environment): Record<string, string> {
  const wanted: Record<string, string> = {};
  for (const [name, value] of Object.entries(module)) {
    if (value !== undefined && !NEVER.test(name)) wanted[name] = value;
  }
  return wanted;
}
