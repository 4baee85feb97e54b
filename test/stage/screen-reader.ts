/** What a screen reader is told of the windows on a screen: AT-SPI, as Orca reads it, by Debian's python3-pyatspi. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const LAUNCHER = '/usr/libexec/at-spi-bus-launcher';
const NEEDED = [LAUNCHER, '/usr/bin/dbus-daemon', '/usr/lib/python3/dist-packages/pyatspi/__init__.py'];

/** One thing in a window: its role and name as they are read out. */
export type Spoken = { readonly role: string; readonly name: string; readonly focused: boolean };

export type ScreenReader = {
  /** What a program wants in its environment to be heard. */
  readonly environment: Readonly<Record<string, string>>;
  /** All that stands in the windows of this program, in order; waits until there is a button. */
  read(program: string): Promise<Spoken[]>;
  close(): void;
};

export const hasScreenReader = (): boolean => NEEDED.every((path) => existsSync(path));

export async function startScreenReader(
  screen: Readonly<Record<string, string>>,
  runtimeFolder: string,
): Promise<ScreenReader> {
  const quiet = { ...screen, XDG_RUNTIME_DIR: runtimeFolder };
  const bus = spawn('dbus-daemon', ['--session', '--nofork', '--print-address=1'], {
    env: quiet,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [address] = (await once(createInterface({ input: bus.stdout }), 'line')) as [string];
  const environment = { ...quiet, DBUS_SESSION_BUS_ADDRESS: address };
  const launcher = spawn(LAUNCHER, ['--launch-immediately', '--a11y=1', '--screen-reader=1'], {
    env: environment,
    stdio: 'ignore',
  });
  return {
    environment,
    read: (program) => readUntilButton(program, environment),
    close: () => [launcher, bus].forEach((child: ChildProcess) => child.kill()),
  };
}

/** at-spi2-core 2.54 (Debian 13) calls it so; the older name is what the tests look for. */
const RENAMED: Readonly<Record<string, string>> = { button: 'push button' };

const SCRIPT = `
import json, sys, pyatspi
said = []
def walk(thing):
    if thing is None: return
    states = thing.getState()
    said.append({'role': thing.getRoleName(), 'name': thing.name, 'focused': states.contains(pyatspi.STATE_FOCUSED)})
    for part in thing: walk(part)
for application in pyatspi.Registry.getDesktop(0):
    if application is not None and application.name == sys.argv[1]: walk(application)
print(json.dumps(said))
`;

async function readUntilButton(program: string, environment: Readonly<Record<string, string>>): Promise<Spoken[]> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const { stdout } = await promisify(execFile)('/usr/bin/python3', ['-c', SCRIPT, program], { env: environment });
    const said = (JSON.parse(stdout) as Spoken[]).map((one) => ({ ...one, role: RENAMED[one.role] ?? one.role }));
    if (said.some(({ role, focused }) => focused || role === 'push button')) return said;
    await sleep(200);
  }
  return [];
}
