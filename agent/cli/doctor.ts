import type { Command } from 'commander';
import { type CommonOptions, concluding, type Outcome } from './outcome.ts';

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('look whether everything is in place, and say what is not')
    .option('--json', 'print JSON')
    .action((options: CommonOptions) => concluding(options, run));
}

async function run(): Promise<Outcome> {
  const { examineDesk } = await import('../doctor.ts');
  const findings = await examineDesk(process.env);
  const text = findings.flatMap(({ ok, what, remedy }) => [
    `${ok ? '✓' : '✗'} ${what}`,
    ...(remedy === undefined ? [] : [`    ${remedy}`]),
  ]);
  return { text, json: findings, failed: findings.some(({ ok }) => !ok) };
}
