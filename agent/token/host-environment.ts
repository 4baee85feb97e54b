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

export function hostEnvironment(agent: Environment, module: Environment): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(agent)) {
    if (value !== undefined && (PASSED_ON.has(name) || name.startsWith('LC_'))) environment[name] = value;
  }
  for (const [name, value] of Object.entries(module)) {
    if (value !== undefined && !NEVER.test(name)) environment[name] = value;
  }
  return environment;
}
