#!/usr/bin/env node
/** Runs the reference bank alone: `node dist/web-bridge/demo/main.js --state FOLDER`. Ctrl-C ends it. */
import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Language } from '../protocol/languages.ts';
import { type Bank, startBank } from './bank.ts';
import { PAGE_LANGUAGES } from './words.ts';

type Options = {
  state: string;
  scheme: 'http' | 'https';
  language: Language;
  sitePort: number;
  caPort: number;
  estPort: number;
  pending: number;
  profile?: string;
};

function count(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError('a whole number');
  return Number(text);
}

function announce(bank: Bank): void {
  console.log(`Bank:       ${bank.siteUrl}/`);
  console.log(`CA's pages: ${bank.caUrl}/`);
  console.log(`EST:        ${bank.estUrl}`);
  for (const { id, password, role, display } of bank.accounts)
    console.log(`${role}: ${id}  ${password || '(password not kept)'}  (${display})`);
}

const program = new Command('reference-bank')
  .description('The reference bank of Inkan: site, RA and EST CA on 127.0.0.1')
  .requiredOption('--state <folder>', 'where keys, accounts and certificates are kept')
  .addOption(
    new Option('--scheme <scheme>', 'of the web pages; EST is always https').choices(['http', 'https']).default('http'),
  )
  .addOption(new Option('--language <language>', "the bank's own").choices(PAGE_LANGUAGES).default('ja'))
  .option('--site-port <port>', '0: a free one', count, 0)
  .option('--ca-port <port>', '0: a free one', count, 0)
  .option('--est-port <port>', '0: a free one', count, 0)
  .option('--pending <seconds>', 'how long a request waits for approval', count, 0)
  .option('--profile <file>', "write the agent's profile there")
  .action(async (options: Options) => {
    const ports = { site: options.sitePort, ca: options.caPort, est: options.estPort };
    const { scheme, language } = options;
    const bank = await startBank({
      stateFolder: options.state,
      scheme,
      language,
      ports,
      pendingMs: options.pending * 1000,
    });
    if (options.profile) writeFileSync(options.profile, `${JSON.stringify(bank.profile, null, 2)}\n`, { mode: 0o600 });
    announce(bank);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void bank.close());
  });

await program.parseAsync();
