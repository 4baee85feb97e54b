/** Runs a command and prints its result as text or JSON, or its error with remedy and support code. */

import type { Language } from '../../web-bridge/protocol/languages.ts';
import { describeError, systemLanguage } from '../dialog/words.ts';
import type { Agent } from '../main.ts';
import { printable } from './layout.ts';
import { wordingIn } from './wording.ts';

/** The result of a command: lines for people, and the same as JSON. */
export type Outcome = {
  readonly text: readonly string[];
  readonly json: unknown;
  readonly failed?: boolean;
  /** An error that is printed first. `text` and `json` follow it. */
  readonly error?: Error;
};

export type CommonOptions = { readonly json?: true; readonly scriptedHuman?: string };

/** Composes the agent, runs the command and prints its outcome. The exit status is 1 if it failed. */
export async function runWithAgent(options: CommonOptions, work: (agent: Agent) => Promise<Outcome>): Promise<void> {
  let language: Language | undefined;
  await runCommand(
    options,
    async () => {
      const { compose } = await import('../main.ts');
      const agent = await compose({ environment: process.env, script: options.scriptedHuman });
      language = agent.language;
      try {
        return await work(agent);
      } finally {
        await agent.close();
      }
    },
    () => language,
  );
}

/** Runs a command that needs no agent, or composes it itself. @param languageSet the language of `agent.json`, once it is read */
export async function runCommand(
  { json }: CommonOptions,
  work: () => Promise<Outcome>,
  languageSet: () => Language | undefined = () => undefined,
): Promise<void> {
  try {
    const outcome = await work();
    const language = languageSet() ?? systemLanguage(process.env);
    if (outcome.error) printError(outcome.error, { json, language, partial: outcome });
    else print(process.stdout, json ? documents(outcome.json) : outcome.text.map(printable));
    if (outcome.failed) process.exitCode = 1;
  } catch (error) {
    printError(error, { json, language: languageSet() ?? systemLanguage(process.env) });
  }
}

/** One JSON document, or none: `serve` prints its own earlier. */
function documents(json: unknown): string[] {
  return json === undefined ? [] : [JSON.stringify(json, null, 2)];
}

function print(stream: NodeJS.WriteStream, lines: readonly string[]): void {
  for (const line of lines) stream.write(`${line}\n`);
}

type PrintOptions = { readonly json: true | undefined; readonly language: Language; readonly partial?: Outcome };

/** Prints an error: what happened, what to do, and the code for the bank's support. Sets the exit status to 1. */
export function printError(thrown: unknown, { json, language, partial = { text: [], json: {} } }: PrintOptions): void {
  process.exitCode = 1;
  const error = describeError(thrown);
  if (json) return print(process.stdout, [JSON.stringify({ error, ...Object(partial.json) }, null, 2)]);
  const { what, remedy } = error.words[language];
  const facts = Object.entries(error.details).map(([name, value]) => `${name}: ${value}`);
  const support = [`${wordingIn(language)('support')} ${error.support}`, error.code, ...facts].join('  ');
  print(process.stderr, [`✗ ${what}`, `  ${remedy}`, `  ${support}`, ...partial.text].map(printable));
}
