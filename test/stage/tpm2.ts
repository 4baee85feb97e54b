/**
 * tpm2-pkcs11 on a TPM emulator: swtpm on loopback, a resource manager on a private D-Bus (bare swtpm runs out of object
 * contexts), the PKCS#11 store in the test's folder. Nothing touches a TPM of this machine.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { until } from '../contract/processes.ts';
import { SOFTHSM_PIN } from './softhsm.ts';
import type { StagedModule } from './staged-module.ts';

const MODULES = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/libtpm2_pkcs11.so.1`);
const PROGRAMS = ['/usr/bin/swtpm', '/usr/bin/tpm2_ptool', '/usr/sbin/tpm2-abrmd', '/usr/bin/dbus-daemon'];
const PACKAGES = 'libtpm2-pkcs11-1 libtpm2-pkcs11-tools libtss2-tcti-tabrmd0 swtpm tpm2-abrmd dbus-daemon';
const SO_PIN = '12345678';
const LOOPBACK = '127.0.0.1';
const TCTI = 'tabrmd:bus_type=session';
const START_MS = 10_000;

type Start = (program: string, args: readonly string[], environment?: Readonly<Record<string, string>>) => void;

/** Answers what to install where something is missing. */
export async function stageTpm2(folder: string, labels: readonly string[]): Promise<StagedModule | string> {
  const module = MODULES.find((path) => existsSync(path));
  if (!module || PROGRAMS.some((path) => !existsSync(path))) return `apt-get install ${PACKAGES}`;
  const started: ChildProcess[] = [];
  const leave = async (): Promise<void> => {
    for (const child of started.toReversed()) child.kill('SIGKILL');
  };
  const start: Start = (program, args, environment = {}) => {
    const env = { PATH: process.env['PATH'], HOME: folder, ...environment };
    started.push(spawn(program, args, { env, stdio: 'ignore' }));
  };
  try {
    const bus = await startTpm(folder, start);
    const environment = {
      DBUS_SESSION_BUS_ADDRESS: bus,
      TPM2_PKCS11_TCTI: TCTI,
      TPM2_PKCS11_STORE: makeTokens(folder, labels, bus),
      TPM2_PKCS11_LOG_LEVEL: '0',
    };
    return { module: { path: realpathSync(module), environment }, labels, pin: SOFTHSM_PIN, leave };
  } catch (error) {
    await leave();
    throw error;
  }
}

/** Answers the address of the bus on which the TPM's resource manager is. */
async function startTpm(folder: string, start: Start): Promise<string> {
  const port = await freePair();
  const state = join(folder, 'tpm');
  mkdirSync(state);
  const at = (number: number): string => `type=tcp,port=${number},bindaddr=${LOOPBACK}`;
  const sockets = ['--server', at(port), '--ctrl', at(port + 1), '--flags', 'not-need-init,startup-clear'];
  start('/usr/bin/swtpm', ['socket', '--tpm2', '--tpmstate', `dir=${state}`, ...sockets]);
  // Its one data connection is the resource manager's: only the control port may be tried.
  await until('swtpm listens', () => listens(port + 1), START_MS);
  const socket = join(folder, 'bus');
  const address = `unix:path=${socket}`;
  start('/usr/bin/dbus-daemon', ['--session', '--nofork', '--nopidfile', `--address=${address}`]);
  await until('the bus is there', () => existsSync(socket), START_MS);
  const manager = ['--session', '--allow-root', '--max-transients=100', `--tcti=swtpm:host=${LOOPBACK},port=${port}`];
  start('/usr/sbin/tpm2-abrmd', manager, { DBUS_SESSION_BUS_ADDRESS: address });
  const env = { PATH: process.env['PATH'], DBUS_SESSION_BUS_ADDRESS: address, TPM2TOOLS_TCTI: TCTI };
  const answers = (): boolean => spawnSync('tpm2_getcap', ['properties-fixed'], { env, stdio: 'ignore' }).status === 0;
  await until('the TPM answers', answers, START_MS);
  return address;
}

/** Answers the folder of the store. */
function makeTokens(folder: string, labels: readonly string[], bus: string): string {
  const store = join(folder, 'store');
  mkdirSync(store, { mode: 0o700 });
  const env = { PATH: process.env['PATH'], HOME: folder, DBUS_SESSION_BUS_ADDRESS: bus, TPM2TOOLS_TCTI: TCTI };
  const tool = (...args: string[]): void =>
    void execFileSync('tpm2_ptool', [...args, `--path=${store}`], { env, stdio: 'pipe' });
  tool('init');
  for (const label of labels)
    tool('addtoken', '--pid=1', `--label=${label}`, `--userpin=${SOFTHSM_PIN}`, `--sopin=${SO_PIN}`);
  return store;
}

/** swtpm's two ports are neighbours. */
async function freePair(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const [first, port] = await listenOn(0);
    const second = port < 65_535 ? await listenOn(port + 1).catch(() => undefined) : undefined;
    first.close();
    second?.[0].close();
    if (second) return port;
  }
  throw new Error('no two free ports beside each other');
}

function listenOn(port: number): Promise<[Server, number]> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject).listen(port, LOOPBACK, () => {
      const address = server.address();
      resolve([server, typeof address === 'object' && address ? address.port : port]);
    });
  });
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, LOOPBACK);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
