import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import type { Agent } from '../main.ts';
import { followToEnd } from './following.ts';
import { type CommonOptions, conclude, type Outcome } from './outcome.ts';

type Options = CommonOptions & { readonly profile: string; readonly order: string };

export function registerEnroll(program: Command): void {
  program
    .command('enroll')
    .description("carry out a bank's signed order for a new certificate")
    .requiredOption('--profile <id>', "the bank's profile")
    .requiredOption('--order <file>', 'the signed order; - reads it from standard input')
    .option('--scripted-human <file>', 'answer the dialogs by a script: tests, and for test profiles only')
    .option('--json', 'print JSON')
    .action((options: Options) => conclude(options, (agent) => run(agent, options)));
}

/** No page vouches for the origin here: it is the order's own, shown to the person, and must be one of the profile's. */
async function run(agent: Agent, { profile, order: file }: Options): Promise<Outcome> {
  const { unverifiedClaims, AgentError } = await import('../main.ts');
  const order = (await readOrder(file, AgentError)).trim();
  const { iss, origin, purpose } = unverifiedClaims(order);
  if (iss !== profile) throw new AgentError('ERR_POLICY_ORDER_ISSUER_UNKNOWN', { profile });
  if (typeof origin !== 'string') throw new AgentError('ERR_POLICY_ORDER_CLAIMS_INVALID', { member: 'origin' });
  process.stderr.write(`${profile} ← ${origin.replaceAll(/[^\x21-\x7e]/g, '?').slice(0, 255)}\n`);
  const enrollment = await agent.enrollments.begin(order, origin, purpose === 'reenroll' ? 'reenroll' : 'enroll');
  return await followToEnd(agent, enrollment);
}

async function readOrder(file: string, AgentError: typeof import('../main.ts').AgentError): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new AgentError('ERR_INTERNAL_USAGE', { option: '--order' }, error);
  }
}
