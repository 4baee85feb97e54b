import type { Command } from 'commander';
import type { Agent } from '../main.ts';
import type { TokenDescription } from '../ports/token.ts';
import { blocks, fields } from './layout.ts';
import { type CommonOptions, type Outcome, runWithAgent } from './outcome.ts';
import { type CommandText, type Wording, wordingIn } from './wording.ts';

const LIST_MS = 60_000;

export function registerTokens(program: Command, say: Wording): void {
  program
    .command('tokens')
    .description(say('help.tokens'))
    .option('--json', say('help.json'))
    .action((options: CommonOptions) => runWithAgent(options, run));
}

async function run({ ports: { tokens }, language }: Agent): Promise<Outcome> {
  const say = wordingIn(language);
  const found = await tokens.list(AbortSignal.timeout(LIST_MS));
  const text = found.length > 0 ? blocks(found.map((token) => block(token, say))) : [say('noTokens')];
  return { text, json: found };
}

/** The warnings before a PIN is asked for, the most serious first. Only the first that applies is shown. */
const WARNINGS: readonly (readonly [CommandText, (token: TokenDescription) => boolean])[] = [
  ['notInitialized', ({ userPinInitialized }) => !userPinInitialized],
  ['pinLocked', ({ pinLocked }) => pinLocked],
  ['pinFinalTry', ({ pinFinalTry }) => pinFinalTry],
  ['pinCountLow', ({ pinCountLow }) => pinCountLow],
  ['writeProtected', ({ writeProtected }) => writeProtected],
];

function block(token: TokenDescription, say: Wording): string[] {
  const warning = WARNINGS.find(([, applies]) => applies(token))?.[0];
  const detail = fields(
    [
      [say('attention'), warning && say(warning)],
      [say('model'), `${token.manufacturer} ${token.model}`],
      [say('serialNumber'), token.serialNumber],
      [say('keyTypes'), token.keyTypes.join(' ') || say('none')],
      [say('module'), token.module],
    ],
    '  ',
  );
  return [token.label || '–', ...detail];
}
