/** All commands with their options and help, one file for each. A command imports what it needs when it runs. */
import { Command, CommanderError } from 'commander';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Language } from '../../web-bridge/protocol/languages.ts';
import { systemLanguage } from '../dialog/words.ts';
import { version } from '../platform/program.ts';
import { registerCertificates } from './certificates.ts';
import { registerDoctor } from './doctor.ts';
import { registerEnroll } from './enroll.ts';
import { registerEnrollments } from './enrollments.ts';
import { printError } from './outcome.ts';
import { registerPin } from './pin.ts';
import { registerProfile } from './profile.ts';
import { registerResume } from './resume.ts';
import { registerServe } from './serve.ts';
import { registerTokens } from './tokens.ts';
import { type Wording, wordingIn } from './wording.ts';

const REGISTER = [
  registerServe,
  registerEnroll,
  registerEnrollments,
  registerResume,
  registerTokens,
  registerCertificates,
  registerPin,
  registerProfile,
  registerDoctor,
];

/** Runs the command in the arguments, or prints its help. */
export async function runProgram(): Promise<void> {
  const language = systemLanguage(process.env);
  const say = wordingIn(language);
  const program = new Command('inkan')
    .description(say('help.program'))
    .version(version(), '-V, --version', say('help.version'))
    .helpOption('-h, --help', say('help.help'))
    .helpCommand(false)
    .configureHelp({ styleTitle: titles(say) })
    .exitOverride();
  for (const register of REGISTER) register(program, say);
  try {
    await program.parseAsync();
  } catch (error) {
    printUsageError(error, language);
  }
}

/** commander has printed what is wrong with the arguments. This adds our text and, with `--json`, the error code. */
function printUsageError(error: unknown, language: Language): void {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode;
  if (error.exitCode === 0 || error.code === 'commander.help') return;
  const json = process.argv.includes('--json') || undefined;
  printError(new AgentError('ERR_INTERNAL_USAGE', { reason: error.code.replace('commander.', '') }), {
    json,
    language,
  });
}

function titles(words: Wording): (title: string) => string {
  const known: Readonly<Record<string, string>> = {
    'Usage:': words('help.usage'),
    'Arguments:': words('help.arguments'),
    'Options:': words('help.options'),
    'Commands:': words('help.commands'),
  };
  return (title) => known[title] ?? title;
}
