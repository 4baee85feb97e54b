import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Agent } from '../main.ts';
import { followToEnd } from './following.ts';
import { printable } from './layout.ts';
import { type CommonOptions, type Outcome, runWithAgent } from './outcome.ts';
import { type Wording, wordingIn } from './wording.ts';

type Options = CommonOptions & { readonly profile: string; readonly order: string };

const MAX_ORIGIN = 255;

export function registerEnroll(program: Command, say: Wording): void {
  program
    .command('enroll')
    .description(say('help.enroll'))
    .requiredOption('--profile <id>', say('help.id'))
    .requiredOption('--order <file>', say('help.order'))
    .option('--scripted-human <file>', say('help.scripted'))
    .option('--json', say('help.json'))
    .action((options: Options) => runWithAgent(options, (agent) => run(agent, options)));
}

/** Without a page the origin comes from the order. It is shown to the person, and must be one of the profile's origins. */
async function run(agent: Agent, options: Options): Promise<Outcome> {
  const { profile, order: file } = options;
  const { unverifiedClaims } = await import('../policy/order.ts');
  const order = (await readOrder(file)).trim();
  const { iss, origin, purpose } = unverifiedClaims(order);
  if (iss !== profile) throw new AgentError('ERR_POLICY_ORDER_ISSUER_UNKNOWN', { profile });
  if (typeof origin !== 'string') throw new AgentError('ERR_POLICY_ORDER_CLAIMS_INVALID', { member: 'origin' });
  const asking = `${wordingIn(agent.language)('requestedBy')}  ${origin.slice(0, MAX_ORIGIN)}  (${profile})`;
  process.stderr.write(`${printable(asking)}\n`);
  const enrollment = await agent.enrollments.begin(order, origin, purpose === 'reenroll' ? 'reenroll' : 'enroll');
  return await followToEnd(agent, enrollment, options);
}

async function readOrder(file: string): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new AgentError('ERR_INTERNAL_USAGE', { option: '--order', reason: 'cannot be read' }, error);
  }
}
