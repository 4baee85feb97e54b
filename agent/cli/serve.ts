import { parseArgs } from 'node:util';
import type { Command } from 'commander';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { type Agent, compose, serve } from '../main.ts';
import { platform } from '../platform/current.ts';
import { createLocks } from '../records/lock.ts';
import { type CommonOptions, concluding, type Outcome } from './outcome.ts';
import { type Wording, wordingIn } from './wording.ts';

export type ServiceOptions = CommonOptions & { readonly allowRoot?: true; readonly port?: readonly string[] };

/** Long enough to see that the holder of the lock is no longer alive. */
const LOCK_WAIT_MS = 300;

export function registerServe(program: Command, say: Wording): void {
  program
    .command('serve')
    .description(say('help.serve'))
    .option('--allow-root', say('help.allowRoot'))
    .option('--port <number...>', say('help.port'))
    .option('--scripted-human <file>', say('help.scripted'))
    .option('--json', say('help.json'))
    .action((options: ServiceOptions) => concluding(options, () => runService(options)));
}

/** The options of `inkan serve`; `undefined`: another command, or what only the library of commands explains. */
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
  const { agent, unlock } = await composeAlone(scriptedHuman);
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

type Alone = { readonly agent: Agent; readonly unlock: () => Promise<void> };

/** Composing carries no order out, so it need not wait for the lock. What is wrong with this desk is told first. */
async function composeAlone(script: string | undefined): Promise<Alone> {
  const [composed, locked] = await Promise.allSettled([compose({ environment: process.env, script }), lockService()]);
  if (composed.status === 'fulfilled' && locked.status === 'fulfilled')
    return { agent: composed.value, unlock: locked.value };
  if (locked.status === 'fulfilled') await locked.value();
  throw composed.status === 'rejected' ? composed.reason : (locked as PromiseRejectedResult).reason;
}

/** Two agents on one journal could each carry out an order that is good for one enrollment. */
async function lockService(): Promise<() => Promise<void>> {
  const folders = platform.folders(process.env);
  const running = new AgentError('ERR_INTERNAL_ALREADY_RUNNING');
  return await createLocks(`${folders.state}/locks`).hold('serve', running, LOCK_WAIT_MS, new AbortController().signal);
}

function ready({ language }: Agent, port: number): string {
  return `${wordingIn(language)('serving')}\nws://127.0.0.1:${port}`;
}

/** Listens from the very start: whoever reads that we are ready may stop us at once. */
function untilStopped(): Promise<void> {
  return new Promise((stopped) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopped());
  });
}
