import type { Command } from 'commander';
import type { Agent } from '../main.ts';
import { followToEnd } from './following.ts';
import { type CommonOptions, conclude, type Outcome } from './outcome.ts';

export function registerResume(program: Command): void {
  program
    .command('resume')
    .argument('[enrollment]', 'as `inkan enrollments` lists it; without it, the only one that is open')
    .description('go on with an enrollment that waits')
    .option('--scripted-human <file>', 'answer the dialogs by a script: tests, and for test profiles only')
    .option('--json', 'print JSON')
    .action((enrollment: string | undefined, options: CommonOptions) =>
      conclude(options, (agent) => run(agent, enrollment)),
    );
}

async function run(agent: Agent, named: string | undefined): Promise<Outcome> {
  const { AgentError, isOpen } = await import('../main.ts');
  const open = (await agent.journal.list()).filter(({ state }) => isOpen(state));
  const chosen = named === undefined ? open : open.filter(({ enrollment }) => enrollment === named);
  const [only] = chosen;
  if (!only) throw new AgentError('ERR_BRIDGE_ENROLLMENT_UNKNOWN');
  if (chosen.length > 1) throw new AgentError('ERR_INTERNAL_USAGE', { open: chosen.length });
  agent.enrollments.resume(only.enrollment, 'owner');
  return await followToEnd(agent, only.enrollment);
}
