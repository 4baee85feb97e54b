/** Shows the progress of an enrollment on the terminal: a line for each state, and the elapsed time while a step takes long. */

import type { Language } from '../../web-bridge/protocol/languages.ts';
import { say as stateText } from '../dialog/words.ts';
import type { Agent } from '../main.ts';
import { platform } from '../platform/current.ts';
import { isOpen } from '../records/states.ts';
import { columns, fields, timeIn } from './layout.ts';
import type { CommonOptions, Outcome } from './outcome.ts';
import { wordingIn } from './wording.ts';

const TICK_MS = 1_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

type Result = NonNullable<Awaited<ReturnType<Agent['enrollments']['result']>>>;
type Progress = Awaited<ReturnType<Agent['enrollments']['settled']>>;

export async function followToEnd(
  agent: Agent,
  enrollment: string,
  { scriptedHuman }: CommonOptions,
): Promise<Outcome> {
  const { enrollments } = agent;
  const first = await enrollments.progress(enrollment, 'owner');
  const display = await showProgress(agent, first, scriptedHuman !== undefined);
  const stopListening = enrollments.listen(enrollment, 'owner', display.show);
  const interruption = closeWhenInterrupted(agent);
  const last = await enrollments.settled(enrollment, 'owner');
  stopListening();
  display.end();
  if (interruption.end()) return interrupted(agent, last);
  if (last.error) return await stopped(agent, last, last.error);
  const result = await enrollments.result(enrollment, 'owner');
  const text = result ? describe(result, agent.language) : [];
  return { text, json: { ...last, ...(result ? { result } : {}) } };
}

/** Writes to standard error, so that standard output has only the result. On a terminal, the last line shows the elapsed time. */
async function showProgress(
  { language }: Agent,
  first: Progress,
  isScripted: boolean,
): Promise<{ readonly show: (progress: Progress) => void; readonly end: () => void }> {
  const { isTTY } = process.stderr;
  // A line that is redrawn would delete a question that is asked on the same terminal.
  const redraws = isTTY && (isScripted || platform.dialogPrograms(process.env).length > 0);
  const startedAt = Date.now();
  const clear = redraws ? '\r\x1b[K' : '';
  const seconds = () => `${((Date.now() - startedAt) / 1000).toFixed(1)} s`.padStart(8);
  let shown: Progress['state'] | undefined;
  const show = ({ state }: Progress) => {
    if (state === shown) return;
    shown = state;
    process.stderr.write(`${clear}${seconds()}  ${stateText(language, `state.${state}`)}\n`);
  };
  const tick = () => process.stderr.write(`${clear}${seconds()}  …`);
  show(first);
  const ticking = redraws ? setInterval(tick, TICK_MS) : undefined;
  const end = () => {
    clearInterval(ticking);
    process.stderr.write(clear);
  };
  return { show, end };
}

/** Ctrl-C stops the work: the dialog closes, and the journal has the state. `end` returns whether that happened. */
function closeWhenInterrupted({ enrollments }: Agent): { end(): boolean } {
  let wasInterrupted = false;
  const stop = () => {
    wasInterrupted = true;
    void enrollments.close();
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  const end = () => {
    for (const signal of SIGNALS) process.off(signal, stop);
    return wasInterrupted;
  };
  return { end };
}

/** Why the enrollment stopped, and how to resume it if it is open. */
async function stopped(
  { language, ports: { journal } }: Agent,
  { enrollment, state }: Progress,
  error: Error,
): Promise<Outcome> {
  const entry = await journal.read(enrollment);
  const text =
    entry && isOpen(entry.state) ? [`  ${wordingIn(language)('proceedWith')} inkan resume ${enrollment}`] : [];
  return { text, json: { enrollment, state }, error };
}

/** How to resume the enrollment. Before consent nothing is journaled, so that there is nothing to resume. */
async function interrupted({ language, ports: { journal } }: Agent, { enrollment, state }: Progress): Promise<Outcome> {
  const say = wordingIn(language);
  const kept = (await journal.read(enrollment)) !== undefined;
  const text = kept ? [say('interrupted'), `  inkan resume ${enrollment}`] : [say('interruptedEarly')];
  return { text, json: { enrollment, state, interrupted: true }, failed: true };
}

/** The result for a customer, and the examination in three columns: claim, trial, outcome. */
function describe(result: Result, language: Language): string[] {
  const { subject, issuer, serialNumber, notBefore, notAfter, keyType, token, examination } = result;
  const say = wordingIn(language);
  const facts = fields([
    [say('subject'), subject],
    [say('issuer'), issuer],
    [say('serialNumber'), serialNumber],
    [say('validity'), `${timeIn(language, notBefore)} – ${timeIn(language, notAfter)}`],
    [say('token'), `${token.label} (${token.model})`],
    [say('key'), keyType],
    [say('examination'), `${say('notExportable')} (${examination.trials.length})`],
    [say('proof'), say('proven')],
  ]);
  const rows = examination.trials.map(({ claim, trial, outcome }) => [
    say(`claimed.${claim}`),
    say(`trial.${trial}`),
    // Reading CKA_EXTRACTABLE cannot be refused, so the outcome is the value that was read.
    say(trial === 'read-extractable' ? 'outcome.unmarked' : `outcome.${outcome}`),
  ]);
  return [...facts, '', ...columns([[say('claimed'), say('tried'), say('result')], ...rows])];
}
