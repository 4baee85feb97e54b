import type { Command } from 'commander';
import type { Agent } from '../main.ts';
import { type CommonOptions, concluding, type Outcome } from './outcome.ts';

type Options = CommonOptions & { readonly allowRoot?: true; readonly port?: string[] };

export function registerServe(program: Command): void {
  program
    .command('serve')
    .description("answer the bank's pages on this machine until stopped")
    .option('--allow-root', 'run as root all the same: tests and containers')
    .option('--port <number...>', 'ports to try, instead of the fixed three: tests')
    .option('--scripted-human <file>', 'answer the dialogs by a script: tests, and for test profiles only')
    .option('--json', 'print JSON')
    .action((options: Options) => concluding(options, () => run(options)));
}

async function run({ allowRoot, port, scriptedHuman, json }: Options): Promise<Outcome> {
  const { AgentError, compose, serve } = await import('../main.ts');
  if (process.getuid?.() === 0 && !allowRoot) throw new AgentError('ERR_INTERNAL_ROOT_REFUSED');
  const ports = port?.map(Number);
  if (ports?.some((number) => !(Number.isInteger(number) && number > 0 && number < 65_536))) {
    throw new AgentError('ERR_INTERNAL_USAGE', { option: '--port' });
  }
  const agent = await compose({ environment: process.env, script: scriptedHuman });
  const bridge = await serve(agent, ports);
  process.stdout.write(json ? `${JSON.stringify({ port: bridge.port })}\n` : `ws://127.0.0.1:${bridge.port}\n`);
  await untilStopped();
  await stop(agent, bridge);
  return { text: [], json: { stopped: true } };
}

function untilStopped(): Promise<void> {
  return new Promise((stopped) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopped());
  });
}

async function stop(agent: Agent, bridge: { close(): Promise<void> }): Promise<void> {
  await bridge.close();
  await agent.enrollments.close();
}
