import type { Command } from 'commander';
import type { Agent } from '../main.ts';
import { type CommonOptions, type Outcome, runWithAgent } from './outcome.ts';
import { type Wording, wordingIn } from './wording.ts';

type Options = CommonOptions & { readonly token?: string; readonly profile?: string };

export function registerPin(program: Command, say: Wording): void {
  program
    .command('pin')
    .description(say('help.pin'))
    .command('change')
    .description(say('help.pin.change'))
    .option('--token <label>', say('help.token'))
    .option('--profile <id>', say('help.bank'))
    .option('--scripted-human <file>', say('help.scripted'))
    .option('--json', say('help.json'))
    .action((options: Options) => runWithAgent(options, (agent) => change(agent, options)));
}

/** The token host's dialog asks for the PIN, and this process never sees it. If the PIN is locked, the dialog says whom to call. */
async function change(agent: Agent, options: Options): Promise<Outcome> {
  const { changePin } = await import('../operations/pin-change.ts');
  const { label, serialNumber } = await changePin(options, await agent.profiles.read(), agent.ports);
  const say = wordingIn(agent.language);
  return {
    text: [say('pinChanged'), `${label}  ${serialNumber}`],
    json: { changed: true, token: { label, serialNumber } },
  };
}
