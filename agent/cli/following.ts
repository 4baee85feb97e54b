/** Follows an enrollment on the terminal: a line for each state, a sign of life while a key is made. */

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

/** On standard error, so that standard output holds the result alone. The last line lives while a step takes its time. */
async function showProgress(
  { language }: Agent,
  first: Progress,
  isScripted: boolean,
): Promise<{ readonly show: (progress: Progress) => void; readonly end: () => void }> {
  const { isTTY } = process.stderr;
  // Where the human is asked on this very terminal, a line that lives would wipe the question away.
  const isAlive = isTTY && (isScripted || platform.dialogPrograms(process.env).length > 0);
  const startedAt = Date.now();
  const clear = isAlive ? '\r\x1b[K' : '';
  const seconds = () => `${((Date.now() - startedAt) / 1000).toFixed(1)} s`.padStart(8);
  let shown: Progress['state'] | undefined;
  const show = ({ state }: Progress) => {
    if (state === shown) return;
    shown = state;
    process.stderr.write(`${clear}${seconds()}  ${stateText(language, `state.${state}`)}\n`);
  };
  const tick = () => process.stderr.write(`${clear}${seconds()}  …`);
  show(first);
  const ticking = isAlive ? setInterval(tick, TICK_MS) : undefined;
  const end = () => {
    clearInterval(ticking);
    process.stderr.write(clear);
  };
  return { show, end };
}

/** Ctrl-C ends the work where it stands, in order: the dialog closes, the journal holds the rest. */
function closeWhenInterrupted({ enrollments }: Agent): { end(): boolean } {
  let was = false;
  const stop = () => {
    was = true;
    void enrollments.close();
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  const end = () => {
    for (const signal of SIGNALS) process.off(signal, stop);
    return was;
  };
  return { end };
}

/** Why it stopped; and how to go on, where that is possible. */
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

/** Before the human consented nothing is on record, and there is nothing to go on with. */
async function interrupted({ language, ports: { journal } }: Agent, { enrollment, state }: Progress): Promise<Outcome> {
  const say = wordingIn(language);
  const kept = (await journal.read(enrollment)) !== undefined;
  const text = kept ? [say('interrupted'), `  inkan resume ${enrollment}`] : [say('interruptedEarly')];
  return { text, json: { enrollment, state, interrupted: true }, failed: true };
}

/** What a customer wants to see, and the examination in its three columns: claimed, tried, result. */
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
    // To read the mark is no attempt that could be refused: what was read is told.
    say(trial === 'read-extractable' ? 'outcome.unmarked' : `outcome.${outcome}`),
  ]);
  return [...facts, '', ...columns([[say('claimed'), say('tried'), say('result')], ...rows])];
}
