/** `inkan serve` as people start it: a process of its own on a PC that a test set up. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { text as textOf } from 'node:stream/consumers';
import type { CustomerPc } from './customer-pc.ts';

export const INKAN = resolve(import.meta.dirname, '../../agent/cli/index.js');

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
  /** What is said on standard error is passed on, but for the announcement of the scripted human. */
  readonly unannounced?: boolean;
};

export async function serveAgent(
  pc: CustomerPc,
  { person = false, environment = {}, program = INKAN, port: wanted, unannounced = false }: ServeOptions = {},
): Promise<ServedAgent> {
  const script = person ? [] : ['--scripted-human', pc.script];
  const ports = wanted === undefined ? [] : ['--port', String(wanted)];
  const child = spawn(process.execPath, [program, 'serve', '--allow-root', '--json', ...script, ...ports], {
    env: { ...pc.environment, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (!unannounced || !line.includes('scripted human')) process.stderr.write(`${line}\n`);
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

export type CommandEnd = {
  readonly status: number | null;
  /** Standard output, where it is JSON. */
  readonly json: unknown;
  readonly stdout: string;
  readonly stderr: string;
};
export type Command = { readonly process: ChildProcess; readonly done: Promise<CommandEnd> };
export type CommandOptions = { readonly input?: string; readonly environment?: NodeJS.ProcessEnv };

/** One command of the CLI, with `input` on its standard input. */
export function startInkan(
  pc: Pick<CustomerPc, 'environment'>,
  args: readonly string[],
  { input = '', environment = {} }: CommandOptions = {},
): Command {
  const child = spawn(process.execPath, [INKAN, ...args], { env: { ...pc.environment, ...environment } });
  child.stdin.on('error', () => {}).end(input);
  const ended = Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'exit')]);
  const done = ended.then(([stdout, stderr, [status]]) => {
    const isJson = stdout.startsWith('{') || stdout.startsWith('[');
    return {
      status: status as number | null,
      stdout,
      stderr,
      json: isJson ? (JSON.parse(stdout) as unknown) : undefined,
    };
  });
  return { process: child, done };
}

/** Its JSON, and its exit status. */
export function inkan(
  pc: Pick<CustomerPc, 'environment'>,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandEnd> {
  return startInkan(pc, args, options).done;
}
