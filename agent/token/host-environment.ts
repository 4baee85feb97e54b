/** The environment of a token host: what a module and a dialog need, and nothing that changes how Node or the loader work. */

const PASSED_ON = new Set([
  'PATH',
  'HOME',
  'LANG',
  'TERM',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'XAUTHORITY',
  'XDG_RUNTIME_DIR',
  'DBUS_SESSION_BUS_ADDRESS',
]);
/** NODE_OPTIONS could load code into the host, LD_PRELOAD into the module: refused from `agent.json` as well. */
const NEVER = /^(NODE|LD|DYLD)_/;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Of the agent's own, what a host is started with. */
export function hostEnvironment(agent: Environment): Record<string, string> {
  return pick(agent, (name) => PASSED_ON.has(name) || name.startsWith('LC_'));
}

/** What `agent.json` sets for one module. */
export function moduleEnvironment(module: Environment): Record<string, string> {
  return pick(module, (name) => !NEVER.test(name));
}

function pick(environment: Environment, isWanted: (name: string) => boolean): Record<string, string> {
  const wanted: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && isWanted(name)) wanted[name] = value;
  }
  return wanted;
}
