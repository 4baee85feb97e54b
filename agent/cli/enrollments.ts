import type { Command } from 'commander';
import type { Agent } from '../main.ts';
import { type CommonOptions, conclude, type Outcome } from './outcome.ts';

export function registerEnrollments(program: Command): void {
  program
    .command('enrollments')
    .description('list what was begun, and where it stands')
    .option('--json', 'print JSON')
    .action((options: CommonOptions) => conclude(options, run));
}

async function run({ journal, language }: Agent): Promise<Outcome> {
  const { resultOf, stateWords } = await import('../main.ts');
  const rows = (await journal.list()).map(({ enrollment, startedAt, updatedAt, state }) => ({
    enrollment,
    state: state.name,
    profile: state.plan.profile,
    origin: state.plan.origin,
    account: state.plan.account,
    startedAt: new Date(startedAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
    ...(state.name === 'pending'
      ? { nextAt: new Date(state.nextAt).toISOString(), deadlineAt: new Date(state.deadlineAt).toISOString() }
      : {}),
    ...(state.name === 'completed' ? { result: resultOf(state) } : {}),
    ...(state.name === 'failed' ? { code: state.code } : {}),
    ...('leftover' in state && state.leftover ? { keyLeftOn: state.leftover.token.label } : {}),
  }));
  const text = rows.map(
    (row) =>
      `${row.enrollment}  ${row.updatedAt}  ${row.account.display} (${row.profile})  ${stateWords(language, row.state)}`,
  );
  return { text: text.length > 0 ? text : ['–'], json: rows };
}
