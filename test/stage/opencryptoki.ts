/**
 * openCryptoki's soft token. Its daemon, shared memory and store are machine-wide, so they get mount and IPC namespaces of
 * their own: the machine's tokens are not seen, several tests run side by side, and nothing is left. Needs root.
 */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../contract/processes.ts';
import { SOFTHSM_PIN } from './softhsm.ts';
import type { StagedModule } from './staged-module.ts';

const MODULES = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/pkcs11/libopencryptoki.so`);
const START_MS = 10_000;
/** Given to each fresh soft token by openCryptoki itself. */
const FACTORY_SO_PIN = '87654321';
const SO_PIN = '76543210';

/** Fresh tmpfs over whatever openCryptoki writes; the end of stdin, which comes with our own end too, ends the daemon. */
const PLACE = `set -e
for folder in /run /var/lib/opencryptoki /dev/shm; do mount -t tmpfs -o mode=755 none "$folder"; done
mkdir -p /var/log/opencryptoki && mount -t tmpfs none /var/log/opencryptoki
mkdir -p /run/lock/opencryptoki /run/opencryptoki
for token in swtok ccatok ep11tok icsf tpm lite; do
  mkdir -p "/run/lock/opencryptoki/$token" "/var/lib/opencryptoki/$token/TOK_OBJ"
done
chgrp -R pkcs11 /run/lock/opencryptoki /var/lib/opencryptoki /var/log/opencryptoki
chmod -R 770 /run/lock/opencryptoki /var/lib/opencryptoki /var/log/opencryptoki
# From 3.23 (Debian 13) on the daemon gives root up for a user of its own, and keeps its files in a folder of its own.
if id pkcsslotd >/dev/null 2>&1; then chown -R pkcsslotd:pkcs11 /run/opencryptoki; chmod 710 /run/opencryptoki; fi
pkcsslotd
echo ready > "$1"
cat > /dev/null
kill "$(cat /run/pkcsslotd.pid /run/opencryptoki/pkcsslotd.pid 2>/dev/null)"`;

/** One token, whose label is the first: openCryptoki has one soft token. Answers what is missing where something is. */
export async function stageOpenCryptoki(folder: string, label: string): Promise<StagedModule | string> {
  const module = MODULES.find((path) => existsSync(path));
  if (!module || !existsSync('/usr/sbin/pkcsslotd')) return 'apt-get install opencryptoki';
  if (process.getuid?.() !== 0) return 'root is needed, or the daemon would be shared with this machine';
  const ready = join(folder, 'ready');
  const env = { PATH: `${process.env['PATH']}:/usr/sbin` };
  const place = spawn('unshare', ['--mount', '--ipc', 'sh', '-c', PLACE, 'sh', ready], {
    env,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => place.once('exit', () => resolve()));
  const leave = async (): Promise<void> => {
    place.stdin.end();
    await ended;
  };
  const inside = ['--target', String(place.pid), '--mount', '--ipc', '--'];
  try {
    await until('pkcsslotd is there', () => existsSync(ready), START_MS);
    const conf = (args: readonly string[], input = ''): Buffer =>
      execFileSync('nsenter', [...inside, 'pkcsconf', ...args], { env, input, stdio: ['pipe', 'pipe', 'pipe'] });
    const slot = /Token #(\d+)/.exec(conf(['-t']).toString())?.[1] ?? '';
    conf(['-I', '-c', slot, '-S', FACTORY_SO_PIN], `${label}\n`);
    conf(['-P', '-c', slot, '-S', FACTORY_SO_PIN, '-n', SO_PIN]);
    conf(['-u', '-c', slot, '-S', SO_PIN, '-n', SOFTHSM_PIN]);
  } catch (error) {
    await leave();
    return `openCryptoki cannot be set up here: ${(error as Error).message.split('\n')[0]}`;
  }
  const execPath = join(folder, 'node');
  writeFileSync(execPath, `#!/bin/sh\nexec nsenter ${inside.join(' ')} '${process.execPath}' "$@"\n`);
  chmodSync(execPath, 0o700);
  return {
    module: { path: realpathSync(module), environment: {} },
    labels: [label],
    pin: SOFTHSM_PIN,
    execPath,
    leave,
  };
}
