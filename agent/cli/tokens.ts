import type { Command } from 'commander';
import type { Agent } from '../main.ts';
import { type CommonOptions, conclude, type Outcome } from './outcome.ts';

export function registerTokens(program: Command): void {
  program
    .command('tokens')
    .description('list the USB tokens and IC cards that are plugged in')
    .option('--json', 'print JSON')
    .action((options: CommonOptions) => conclude(options, run));
}

async function run({ tokens }: Agent): Promise<Outcome> {
  const found = await tokens.list(AbortSignal.timeout(60_000));
  const text = found.map((token) => {
    const flags = [
      ...(token.pinLocked ? ['PIN locked'] : []),
      ...(token.pinFinalTry ? ['last PIN try'] : []),
      ...(token.writeProtected ? ['write-protected'] : []),
      ...(token.initialized ? [] : ['not initialized']),
    ];
    return `${token.label}  ${token.manufacturer} ${token.model}  no. ${token.serialNumber}  ${token.keyTypes.join(' ') || 'cannot create keys'}  ${flags.join(', ')}  ${token.module}`;
  });
  return { text: text.length > 0 ? text : ['–'], json: found };
}
