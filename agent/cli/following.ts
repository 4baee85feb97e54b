/** Follows an enrollment on the terminal: a line for each state, a sign of life while a key is made. */
import type { Agent } from '../main.ts';
import type { Outcome } from './outcome.ts';

const TICK_MS = 1_000;

export async function followToEnd(agent: Agent, enrollment: string): Promise<Outcome> {
  const { stateWords } = await import('../main.ts');
  const startedAt = Date.now();
  const seconds = () => `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
  const say = (state: Parameters<typeof stateWords>[1]) =>
    process.stderr.write(`${clear()}${seconds().padStart(8)}  ${stateWords(agent.language, state)}\n`);
  say('accepted');
  agent.enrollments.listen(enrollment, 'owner', ({ state }) => say(state));
  const ticking = process.stderr.isTTY
    ? setInterval(() => process.stderr.write(`${clear()}${seconds().padStart(8)} …`), TICK_MS)
    : undefined;
  const standing = await agent.enrollments.settled(enrollment, 'owner').finally(() => clearInterval(ticking));
  if (standing.error) throw standing.error;
  const result = await agent.enrollments.result(enrollment, 'owner');
  return { text: result ? describe(result) : [standing.state], json: { ...standing, ...(result ? { result } : {}) } };
}

function clear(): string {
  return process.stderr.isTTY ? '\r\x1b[K' : '';
}

function describe(result: NonNullable<Awaited<ReturnType<Agent['enrollments']['result']>>>): string[] {
  const { subject, issuer, serialNumber, notBefore, notAfter, keyType, token, examination } = result;
  const trials = examination.trials.map(({ trial, outcome, evidence }) => `  ${trial}: ${outcome} (${evidence})`);
  const claims = Object.entries(examination.claims).map(([name, value]) => `${name}=${value ?? '?'}`);
  return [
    `subject        ${subject}`,
    `issuer         ${issuer}`,
    `serial number  ${serialNumber}`,
    `valid          ${notBefore} – ${notAfter}`,
    `token          ${token.label} (${token.model})`,
    `key            ${keyType}`,
    `claimed        ${claims.join(' ')}`,
    'tried',
    ...trials,
  ];
}
