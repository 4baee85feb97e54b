/** How every command ends: its result as text or as JSON; or an error with its words, its remedy and its support code. */
import type { Agent } from '../main.ts';

/** What a command found: lines for people, and the same for machines. */
export type Outcome = { readonly text: readonly string[]; readonly json: unknown; readonly failed?: boolean };

export type CommonOptions = { readonly json?: true; readonly scriptedHuman?: string };

/** Composes the agent, runs the command, prints its outcome; exit status 1 where it failed. */
export async function conclude(options: CommonOptions, work: (agent: Agent) => Promise<Outcome>): Promise<void> {
  const { compose } = await import('../main.ts');
  await concluding(options, async () =>
    work(await compose({ environment: process.env, script: options.scriptedHuman })),
  );
}

/** The same for work that composes by itself. */
export async function concluding({ json }: CommonOptions, work: () => Promise<Outcome>): Promise<void> {
  try {
    const outcome = await work();
    const lines = json ? [JSON.stringify(outcome.json, null, 2)] : outcome.text;
    for (const line of lines) process.stdout.write(`${line}\n`);
    if (outcome.failed) process.exitCode = 1;
  } catch (error) {
    await explain(error, json === true);
    process.exitCode = 1;
  }
}

/** The code is for machines and the bank's support; people get what happened and what to do. */
async function explain(thrown: unknown, json: boolean): Promise<void> {
  const { describeError, languageOf } = await import('../main.ts');
  const error = describeError(thrown);
  const { what, remedy } = error.words[languageOf(process.env)];
  const facts = Object.entries(error.details).map(([name, value]) => `${name}: ${value}`);
  if (json) process.stdout.write(`${JSON.stringify({ error }, null, 2)}\n`);
  else
    process.stderr.write(
      `${what}\n${remedy}\n[${error.support}] ${error.code}${facts.length ? ` (${facts.join(', ')})` : ''}\n`,
    );
}
