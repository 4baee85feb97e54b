import type { Command } from 'commander';
import { ERRORS } from '../../web-bridge/protocol/errors.ts';
import type { Language } from '../../web-bridge/protocol/languages.ts';
import { say } from '../dialog/words.ts';
import type { Agent } from '../main.ts';
import { isOpen } from '../records/states.ts';
import { blocks, fields, timeIn } from './layout.ts';
import { type CommonOptions, type Outcome, runWithAgent } from './outcome.ts';
import { type Wording, wordingIn } from './wording.ts';

export function registerEnrollments(program: Command, say: Wording): void {
  program
    .command('enrollments')
    .description(say('help.enrollments'))
    .option('--json', say('help.json'))
    .action((options: CommonOptions) => runWithAgent(options, run));
}

async function run({ ports: { journal }, language }: Agent): Promise<Outcome> {
  const { resultOf } = await import('../enrollment/result.ts');
  const rows = (await journal.list()).map(({ enrollment, startedAt, updatedAt, state }) => ({
    enrollment,
    state: state.name,
    open: isOpen(state),
    profile: state.plan.profile,
    origin: state.plan.origin,
    account: state.plan.account,
    startedAt: new Date(startedAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
    ...(state.name === 'pending'
      ? { nextAt: new Date(state.nextAt).toISOString(), deadlineAt: new Date(state.deadlineAt).toISOString() }
      : {}),
    ...(state.name === 'completed' ? { result: resultOf(state) } : {}),
    ...(state.name === 'failed' ? { code: state.code, support: ERRORS[state.code].support } : {}),
    ...('leftover' in state && state.leftover ? { keyLeftOn: state.leftover.token.label } : {}),
  }));
  const text = rows.map((row) => block({ ...row, words: say(language, `state.${row.state}`) }, language));
  return { text: text.length > 0 ? blocks(text) : [wordingIn(language)('noEnrollments')], json: rows };
}

type Row = {
  readonly enrollment: string;
  readonly words: string;
  readonly open: boolean;
  readonly profile: string;
  readonly origin: string;
  readonly account: { readonly id: string; readonly display: string };
  readonly startedAt: string;
  readonly updatedAt: string;
  readonly nextAt?: string;
  readonly deadlineAt?: string;
  readonly support?: string;
  readonly keyLeftOn?: string;
};

function block(row: Row, language: Language): string[] {
  const say = wordingIn(language);
  const time = (at: string | undefined) => at && timeIn(language, at);
  const detail = fields(
    [
      [say('state'), row.words],
      [say('support'), row.support],
      [say('profile'), `${row.profile}  ${row.origin}`],
      [say('startedAt'), time(row.startedAt)],
      [say('updatedAt'), time(row.updatedAt)],
      [say('nextAt'), time(row.nextAt)],
      [say('deadlineAt'), time(row.deadlineAt)],
      [say('keyLeftOn'), row.keyLeftOn],
      [say('enrollment'), row.enrollment],
    ],
    '  ',
  );
  const hint = row.open ? [`  ${say('proceedWith')} inkan resume ${row.enrollment}`] : [];
  return [`${row.account.display} (${row.account.id})`, ...detail, ...hint];
}
