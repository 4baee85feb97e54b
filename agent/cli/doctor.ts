import type { Command } from 'commander';
import { languageOf } from '../telling.ts';
import { padded, widthOf } from './layout.ts';
import { type CommonOptions, concluding, type Outcome } from './outcome.ts';
import { type Wording, wordingIn } from './wording.ts';

export function registerDoctor(program: Command, say: Wording): void {
  program
    .command('doctor')
    .description(say('help.doctor'))
    .option('--json', say('help.json'))
    .action((options: CommonOptions) => concluding(options, run));
}

async function run(): Promise<Outcome> {
  const { CHECKS, examineDesk, isServing } = await import('../doctor.ts');
  const language = languageOf(process.env);
  const say = wordingIn(language);
  const findings = await examineDesk(process.env);
  const serving = await isServing(process.env);
  const width = Math.max(...CHECKS.map(({ check }) => widthOf(say(`check.${check}`))));
  const text = findings.flatMap(({ ok, check, fact, words, support }) => [
    `${mark(ok, words !== undefined)} ${padded(say(`check.${check}`), width)}  ${words?.[language].what ?? fact ?? say('ok')}`,
    ...[words?.[language].remedy, words && fact, support && `${say('support')} ${support}`]
      .filter((line) => line)
      .map((line) => `  ${' '.repeat(width)}  ${line}`),
  ]);
  text.push(`· ${padded(say('check.service'), width)}  ${say(serving ? 'running' : 'notRunning')}`);
  return { text, json: { serving, findings }, failed: findings.some(({ ok }) => !ok) };
}

function mark(ok: boolean, hasWords: boolean): string {
  if (!ok) return '✗';
  return hasWords ? '!' : '✓';
}
