/** SoftHSM behind `p11-kit server`, seen through p11-kit's client module: a second marshalling layer between us and a token. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../contract/processes.ts';
import { stageSoftHsm } from './softhsm.ts';
import type { StagedModule } from './staged-module.ts';

const CLIENTS = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map(
  (folder) => `/usr/lib/${folder}/pkcs11/p11-kit-client.so`,
);

/** @returns what is missing on this machine, in a sentence, where it cannot be had */
export async function stageP11Kit(folder: string, labels: readonly string[]): Promise<StagedModule | string> {
  const client = CLIENTS.find((path) => existsSync(path));
  if (!client || !existsSync('/usr/bin/p11-kit')) return 'apt-get install p11-kit p11-kit-modules';
  const { module, environment, pin } = stageSoftHsm(folder, labels);
  const socket = join(folder, 'p11-kit.socket');
  const env = { PATH: process.env['PATH'], HOME: folder, ...environment };
  const relay = ['server', '--foreground', '--name', socket, '--provider', module, 'pkcs11:'];
  const server: ChildProcess = spawn('p11-kit', relay, { env, stdio: 'ignore' });
  await until('the socket of p11-kit', () => existsSync(socket), 10_000);
  return {
    module: { path: realpathSync(client), environment: { P11_KIT_SERVER_ADDRESS: `unix:path=${socket}` } },
    labels,
    pin,
    leave: async () => void server.kill('SIGKILL'),
  };
}
