/** How every command ends: its result as text or as JSON; or an error with its words, its remedy and its support code. */

import type { Language } from '../../web-bridge/protocol/languages.ts';
import { describeError, systemLanguage } from '../dialog/words.ts';
import type { Agent } from '../main.ts';
import { harmless } from './layout.ts';
import { wordingIn } from './wording.ts';

/** What a command found: lines for people, and the same for machines. */
export type Outcome = {
  readonly text: readonly string[];
  readonly json: unknown;
  readonly failed?: boolean;
  /** What went wrong on the way; `text` and `json` then say what is left, after the error's own words. */
  readonly error?: Error;
};

export type CommonOptions = { readonly json?: true; readonly scriptedHuman?: string };

/** Composes the agent, runs the command, prints its outcome; exit status 1 where it failed. */
export async function conclude(options: CommonOptions, work: (agent: Agent) => Promise<Outcome>): Promise<void> {
  let language: Language | undefined;
  await concluding(
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

/** The same for work that composes by itself. `languageSet`: the language of `agent.json`, once it was read. */
export async function concluding(
  { json }: CommonOptions,
  work: () => Promise<Outcome>,
  languageSet: () => Language | undefined = () => undefined,
): Promise<void> {
  try {
    const outcome = await work();
    const language = languageSet() ?? systemLanguage(process.env);
    if (outcome.error) explain(outcome.error, { json, language, left: outcome });
    else print(process.stdout, json ? documents(outcome.json) : outcome.text.map(harmless));
    if (outcome.failed) process.exitCode = 1;
  } catch (error) {
    explain(error, { json, language: languageSet() ?? systemLanguage(process.env) });
  }
}

/** One document, or none: `serve` has printed its own by then. */
function documents(json: unknown): string[] {
  return json === undefined ? [] : [JSON.stringify(json, null, 2)];
}

function print(stream: NodeJS.WriteStream, lines: readonly string[]): void {
  for (const line of lines) stream.write(`${line}\n`);
}

type Explaining = { readonly json: true | undefined; readonly language: Language; readonly left?: Outcome };

/** People get what happened and what to do; the code is for machines and the bank's support. Exit status 1. */
export function explain(thrown: unknown, { json, language, left = { text: [], json: {} } }: Explaining): void {
  process.exitCode = 1;
  const error = describeError(thrown);
  if (json) return print(process.stdout, [JSON.stringify({ error, ...Object(left.json) }, null, 2)]);
  const { what, remedy } = error.words[language];
  const facts = Object.entries(error.details).map(([name, value]) => `${name}: ${value}`);
  const support = [`${wordingIn(language)('support')} ${error.support}`, error.code, ...facts].join('  ');
  print(process.stderr, [`✗ ${what}`, `  ${remedy}`, `  ${support}`, ...left.text].map(harmless));
}
