import type { Command } from 'commander';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Agent } from '../main.ts';
import { isOpen } from '../records/states.ts';
import { followToEnd } from './following.ts';
import { type CommonOptions, type Outcome, runWithAgent } from './outcome.ts';
import { type Wording, wordingIn } from './wording.ts';

export function registerResume(program: Command, say: Wording): void {
  program
    .command('resume')
    .argument('[enrollment]', say('help.enrollment'))
    .description(say('help.resume'))
    .option('--scripted-human <file>', say('help.scripted'))
    .option('--json', say('help.json'))
    .action((enrollment: string | undefined, options: CommonOptions) =>
      runWithAgent(options, (agent) => run(agent, enrollment, options)),
    );
}

/** Without an id, resumes the only open enrollment. For one that has ended, prints its result or its error. */
async function run(agent: Agent, id: string | undefined, options: CommonOptions): Promise<Outcome> {
  const say = wordingIn(agent.language);
  const entries = await agent.ports.journal.list();
  const chosen = entries.filter(({ enrollment, state }) => (id === undefined ? isOpen(state) : enrollment === id));
  const [only] = chosen;
  if (!only && id === undefined) return { text: [say('nothingOpen')], json: { open: [] } };
  if (!only) throw new AgentError('ERR_BRIDGE_ENROLLMENT_UNKNOWN');
  if (chosen.length > 1) {
    const open = chosen.map(({ enrollment }) => enrollment);
    const text = [`  ${say('severalOpen')}`, ...open.map((enrollment) => `    inkan resume ${enrollment}`)];
    return { text, json: { open }, error: new AgentError('ERR_INTERNAL_USAGE', { open: open.length }) };
  }
  agent.enrollments.resume(only.enrollment, 'owner');
  return await followToEnd(agent, only.enrollment, options);
}
