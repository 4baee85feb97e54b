/** `inkan serve` as people start it: a process of its own on a laid desk. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { AgentDesk } from './agent-desk.ts';

const INKAN = resolve(import.meta.dirname, '../../agent/cli/index.js');

export type ServedAgent = {
  readonly port: number;
  readonly process: ChildProcess;
  stop(): Promise<void>;
};

export type ServeOptions = {
  /** A person answers instead of the script. */
  readonly person?: boolean;
  readonly environment?: NodeJS.ProcessEnv;
  /** Another build of the agent than the compiled files. */
  readonly program?: string;
  /** Another port than the fixed three. */
  readonly port?: number;
};

export async function serveAgent(
  desk: AgentDesk,
  { person = false, environment = {}, program = INKAN, port: wanted }: ServeOptions = {},
): Promise<ServedAgent> {
  const script = person ? [] : ['--scripted-human', desk.script];
  const ports = wanted === undefined ? [] : ['--port', String(wanted)];
  const child = spawn(process.execPath, [program, 'serve', '--allow-root', '--json', ...script, ...ports], {
    env: { ...desk.environment, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const exited = once(child, 'exit');
  const [line] = (await Promise.race([
    once(lines, 'line'),
    exited.then(() => Promise.reject(new Error('inkan serve ended')), undefined),
  ])) as [string];
  const { port } = JSON.parse(line) as { port: number };
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  return { port, process: child, stop };
}

/** One command of the CLI; its JSON, and its exit status. */
export async function inkan(
  desk: Pick<AgentDesk, 'environment'>,
  args: readonly string[],
): Promise<{ readonly status: number; readonly json: unknown; readonly stdout: string; readonly stderr: string }> {
  const run = promisify(execFile);
  const done = await run(process.execPath, [INKAN, ...args], { env: desk.environment, maxBuffer: 16 * 1024 * 1024 })
    .then(({ stdout, stderr }) => ({ status: 0, stdout, stderr }))
    .catch((error: { code?: number; stdout: string; stderr: string }) => ({
      status: error.code ?? 1,
      stdout: error.stdout,
      stderr: error.stderr,
    }));
  return {
    ...done,
    json: done.stdout.startsWith('{') || done.stdout.startsWith('[') ? JSON.parse(done.stdout) : undefined,
  };
}
