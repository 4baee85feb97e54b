import { release } from 'node:os';
import type { Command } from 'commander';
import { systemLanguage } from '../dialog/words.ts';
import type { CheckName } from '../doctor/doctor.ts';
import type { Finding as FindingOf } from '../doctor/finding.ts';
import { isServing } from '../doctor/serving.ts';
import { platform } from '../platform/current.ts';
import { padded, widthOf } from './layout.ts';
import { type CommonOptions, type Outcome, runCommand } from './outcome.ts';
import { type Wording, wordingIn } from './wording.ts';

type Finding = FindingOf<CheckName>;
type DoctorOptions = CommonOptions & { readonly support?: true };

export function registerDoctor(program: Command, say: Wording): void {
  program
    .command('doctor')
    .description(say('help.doctor'))
    .option('--support', say('help.support'))
    .option('--json', say('help.json'))
    .action((options: DoctorOptions) => runCommand(options, () => run(options, program.version() ?? '')));
}

async function run({ support }: DoctorOptions, version: string): Promise<Outcome> {
  const { runChecks } = await import('../doctor/doctor.ts');
  const found = await runChecks(process.env);
  const serving = await isServing(platform.folders(process.env));
  const findings = found.map(support ? shared : withoutShared);
  const machine = `Inkan ${version}  ${process.platform} ${release()} ${process.arch}  ${new Date().toISOString()}`;
  const json = { ...(support ? { machine } : {}), serving, findings };
  const text = [...(support ? [machine, ''] : []), ...linesOf(findings, serving)];
  return { text, json, failed: findings.some(({ ok }) => !ok) };
}

/** A finding for the person at this PC. */
function withoutShared(finding: Finding): Finding {
  return Object.fromEntries(Object.entries(finding).filter(([name]) => name !== 'shared')) as Finding;
}

/** A finding for the bank's support. Its fact is `shared`, which has no private details. */
function shared({ check, ok, shared: fact, remarks, code, support, words }: Finding): Finding {
  const error = code && support && words ? { code, support, words } : {};
  return { check, ok, ...(fact ? { fact } : {}), ...(remarks ? { remarks } : {}), ...error };
}

function linesOf(findings: readonly Finding[], serving: boolean): string[] {
  const language = systemLanguage(process.env);
  const say = wordingIn(language);
  const width = Math.max(...findings.map(({ check }) => widthOf(say(`check.${check}`))), widthOf(say('check.service')));
  const text = findings.flatMap(({ ok, check, fact, remarks = [], words, support }) => {
    const remark = remarks.map((one) => say(one)).join(', ');
    const detail = [fact, remark].filter((part) => part).join('  ');
    return [
      `${mark(ok, words !== undefined)} ${padded(say(`check.${check}`), width)}  ${words?.[language].what ?? (detail || say('ok'))}`,
      ...[words?.[language].remedy, words && detail, support && `${say('support')} ${support}`]
        .filter((line) => line)
        .map((line) => `  ${' '.repeat(width)}  ${line}`),
    ];
  });
  return [...text, `· ${padded(say('check.service'), width)}  ${say(serving ? 'running' : 'notRunning')}`];
}

function mark(ok: boolean, hasWords: boolean): string {
  if (!ok) return '✗';
  return hasWords ? '!' : '✓';
}
