/** A long step, with a line that moves on a terminal, and a plain line now and then otherwise. */
import { spawn } from 'node:child_process';

const REDRAW_MS = 500;
const PLAIN_EVERY_S = 15;

/**
 * @typedef {object} Output
 * @property {boolean} [isTTY]
 * @property {number} [columns]
 * @property {(text: string) => unknown} write
 */
/**
 * @typedef {object} Step
 * @property {string} title
 * @property {readonly string[]} command
 * @property {NodeJS.ProcessEnv} env
 * @property {(line: string) => string | undefined} [statusOf] what a line of its output says of how far it is
 */

/**
 * Runs a program to its end; what it writes is kept, not shown.
 * @param {Step} step
 * @param {Output} [output]
 * @returns {Promise<{ ok: boolean, stdout: string, stderr: string }>}
 */
export async function runStep({ title, command: [program = '', ...args], env, statusOf }, output = process.stdout) {
  const progress = startProgress(title, output);
  const ended = await runProgram(program, args, env, (line) => {
    const detail = statusOf?.(line);
    if (detail) progress.detail(detail);
  });
  progress.end(ended.ok ? 'done' : 'failed');
  return ended;
}

/** @type {(program: string, args: string[], env: NodeJS.ProcessEnv, onLine: (line: string) => void) => Promise<{ ok: boolean, stdout: string, stderr: string }>} */
function runProgram(program, args, env, onLine) {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const kept = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
    kept.stdout += text;
    for (const line of text.split(/[\r\n]+/)) onLine(line);
  });
  child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => (kept.stderr += text));
  return new Promise((ended) => {
    child.once('error', ({ message }) => ended({ ok: false, stdout: '', stderr: message }));
    child.once('close', (status) => ended({ ok: status === 0, ...kept }));
  });
}

/**
 * @param {string} title
 * @param {Output} output
 * @param {() => number} [now]
 * @returns {{ detail(text: string): void, tick(): void, end(how: string): void }}
 */
export function startProgress(title, output, now = Date.now) {
  const startedAt = now();
  let detail = '';
  let shownAt = startedAt;
  const line = () => lineOf(title, detail, now() - startedAt);
  const tick = () => {
    if (output.isTTY) return void output.write(`\r${line().slice(0, (output.columns || 80) - 1)}\x1b[K`);
    if (now() - shownAt < PLAIN_EVERY_S * 1000) return undefined;
    shownAt = now();
    return void output.write(`${line()}\n`);
  };
  output.write(output.isTTY ? title : `${title} …\n`);
  const timer = setInterval(tick, REDRAW_MS);
  return {
    tick,
    detail: (text) => void (detail = text),
    end(how) {
      clearInterval(timer);
      output.write(
        `${output.isTTY ? '\r' : ''}${lineOf(title, how, now() - startedAt)}${output.isTTY ? '\x1b[K' : ''}\n`,
      );
    },
  };
}

/** @type {(title: string, detail: string, elapsedMs: number) => string} */
function lineOf(title, detail, elapsedMs) {
  const seconds = Math.floor(elapsedMs / 1000);
  const elapsed = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return [`${title} (${elapsed})`, detail].filter(Boolean).join(': ');
}
