import { parseArgs } from 'node:util';
import type { Command } from 'commander';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { type Agent, compose, serve } from '../main.ts';
import { platform } from '../platform/current.ts';
import { createLocks } from '../records/lock.ts';
import { type CommonOptions, type Outcome, runCommand } from './outcome.ts';
import { type Wording, wordingIn } from './wording.ts';

export type ServiceOptions = CommonOptions & { readonly allowRoot?: true; readonly port?: readonly string[] };

/** Long enough to see that the lock's holder no longer runs. */
const LOCK_WAIT_MS = 300;

export function registerServe(program: Command, say: Wording): void {
  program
    .command('serve')
    .description(say('help.serve'))
    .option('--allow-root', say('help.allowRoot'))
    .option('--port <number...>', say('help.port'))
    .option('--scripted-human <file>', say('help.scripted'))
    .option('--json', say('help.json'))
    .action((options: ServiceOptions) => runCommand(options, () => runService(options)));
}

/** The options of `inkan serve`. `undefined`: another command, help, or wrong options, which commander explains. */
export function serviceOptions([command, ...args]: readonly string[]): ServiceOptions | undefined {
  if (command !== 'serve') return undefined;
  try {
    const { values } = parseArgs({
      args,
      options: {
        json: { type: 'boolean' },
        'allow-root': { type: 'boolean' },
        port: { type: 'string', multiple: true },
        'scripted-human': { type: 'string' },
      },
    });
    const { json, 'allow-root': allowRoot, port, 'scripted-human': scriptedHuman } = values;
    return {
      ...(json ? { json } : {}),
      ...(allowRoot ? { allowRoot } : {}),
      ...(port ? { port } : {}),
      ...(scriptedHuman === undefined ? {} : { scriptedHuman }),
    };
  } catch {
    return undefined;
  }
}

export async function runService({ allowRoot, port, scriptedHuman, json }: ServiceOptions): Promise<Outcome> {
  if (platform.isAdministrator() && !allowRoot) throw new AgentError('ERR_INTERNAL_ROOT_REFUSED');
  const ports = port?.map(Number);
  if (ports?.some((number) => !(Number.isInteger(number) && number > 0 && number < 65_536))) {
    throw new AgentError('ERR_INTERNAL_USAGE', { option: '--port' });
  }
  const stopped = untilStopped();
  const { agent, unlock } = await composeLocked(scriptedHuman);
  try {
    const bridge = await serve(agent, ports);
    process.stdout.write(`${json ? JSON.stringify({ port: bridge.port }) : ready(agent, bridge.port)}\n`);
    await stopped;
    await bridge.close();
    await agent.close();
  } finally {
    await unlock();
  }
  return { text: [], json: undefined };
}

type LockedAgent = { readonly agent: Agent; readonly unlock: () => Promise<void> };

/** Composes and takes the lock at the same time, because composing carries out no order. Its error comes before the lock's. */
async function composeLocked(script: string | undefined): Promise<LockedAgent> {
  const [composed, locked] = await Promise.allSettled([compose({ environment: process.env, script }), lockService()]);
  if (composed.status === 'fulfilled' && locked.status === 'fulfilled')
    return { agent: composed.value, unlock: locked.value };
  if (locked.status === 'fulfilled') await locked.value();
  throw composed.status === 'rejected' ? composed.reason : (locked as PromiseRejectedResult).reason;
}

/** One `serve` for each user: two on one journal could both carry out an order that is for one enrollment. */
async function lockService(): Promise<() => Promise<void>> {
  const folders = platform.folders(process.env);
  const running = new AgentError('ERR_INTERNAL_ALREADY_RUNNING');
  return await createLocks(`${folders.state}/locks`).hold('serve', running, LOCK_WAIT_MS, new AbortController().signal);
}

function ready({ language }: Agent, port: number): string {
  return `${wordingIn(language)('serving')}\nws://127.0.0.1:${port}`;
}

/** Resolves at the first signal. Called before the start, because whoever reads that the agent is ready may stop it at once. */
function untilStopped(): Promise<void> {
  return new Promise((stopped) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopped());
  });
}
