/**
 * The agent's side of one token host, a child process with a vendor's module in it. The module's calls block there, and have
 * deadlines here. A host that hangs is killed, and its dialog ends with it (`agent/dialog/pinentry.ts`). The host stays in the
 * agent's process group, since only there it may read from the terminal.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import type { Pkcs11Module, TokenDeadlines, TokenOperation } from '../../native-config/schema.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { platform } from '../platform/current.ts';
import type { Environment } from '../platform/platform.ts';
import { PROGRAM } from '../platform/program.ts';
import { encodeFrame, readFrames } from './frame.ts';
import {
  HOST_DESCRIPTOR,
  HOST_OPERATIONS,
  type HostMessage,
  type HostOperation,
  type HostParams,
  type HostRequest,
  type HostResult,
  hostMessage,
} from './host-protocol.ts';
import { moduleEnvironment } from './module-environment.ts';

/** `cause` is the error behind the fact. The log leaves its message out. */
export type Report = (fact: string, details: Readonly<Record<string, unknown>>, cause?: unknown) => void;

/** How long the module may take for one step; a profile may say otherwise. RSA-4096 on a card takes minutes. */
export const DEADLINES_MS: Readonly<Record<TokenOperation, number>> = {
  start: 15_000,
  list: 15_000,
  login: 30_000,
  generate: 300_000,
  sign: 60_000,
  write: 60_000,
  restart: 20_000,
  remove: 30_000,
};

/** The step that each operation begins with. The host says when another begins. */
const FIRST_STEP: Readonly<Record<HostOperation, TokenOperation>> = {
  start: 'start',
  refresh: 'restart',
  list: 'list',
  certificates: 'list',
  open: 'list',
  generate: 'login',
  signRequest: 'sign',
  store: 'write',
  prove: 'restart',
  destroy: 'remove',
  changePin: 'login',
  authenticate: 'login',
  remove: 'login',
  end: 'restart',
};

/** A host without work ends after this time: it may hold a login state. */
const IDLE_MS = 60_000;
/** The process is killed if C_Finalize takes longer. */
const END_MS = 2_000;
/** How long a dialog may take to close after its own time limit. */
const DIALOG_GRACE_MS = 15_000;
const MAX_OUTPUT_CHARACTERS = 2_000;

const HOST_FILE = fileURLToPath(new URL('agent/token-host/main.js', PROGRAM));
export type HostSettings = { readonly environment: Environment; readonly report: Report };

/** The work that a host does at present. */
export type Task = {
  readonly deadlines: TokenDeadlines;
  /** Time limit of the dialogs that the host opens. */
  readonly dialogMs: number;
  /** When it is aborted, the host is killed, whatever PKCS#11 call it is in. */
  readonly signal: AbortSignal;
};

type Pending = {
  readonly id: number;
  readonly operation: HostOperation;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  step: TokenOperation;
};

/** A child process, its task, at most one request at a time, and one timer. */
export class TokenHost {
  readonly #report: Report;
  readonly #child: ChildProcess;
  readonly #pipe: Duplex;
  readonly exited: Promise<void>;
  readonly #abort = (): void => this.#kill(this.#task?.signal.reason);
  #task: Task | undefined;
  #module = '';
  #pending: Pending | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #lastId = 0;
  #reason: unknown;
  #farewell: Promise<void> | undefined;
  #output = '';

  /** Starts the process. It has no module before {@link load}, and keeps the agent from ending only while it has a task. */
  constructor({ environment, report }: HostSettings) {
    this.#report = report;
    const { program, args, env } = platform.hostCommand(HOST_FILE, environment);
    this.#child = spawn(program, [...args], {
      env,
      cwd: '/',
      // What a module prints goes into pipes. Dialogs open the terminal themselves.
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    this.#listenToOutput();
    this.#pipe = this.#child.stdio[HOST_DESCRIPTOR] as Duplex;
    const read = readFrames(
      (message) => this.#receive(message),
      () => void this.#violation('message'),
    );
    // An error of the pipe is the end of the host. The exit of the process tells the reason.
    this.#pipe.on('data', read).on('error', () => undefined);
    this.exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) =>
        resolve(this.#onExit({ exitCode: code ?? -1, signal: signal ?? 'none' })),
      );
      this.#child.once('error', (error) => resolve(this.#onExit({ exitCode: -1, signal: 'none' }, error)));
    });
    this.rest();
  }

  /** The host works for this task until it rests or ends. */
  assign(task: Task): void {
    task.signal.throwIfAborted();
    this.#task = task;
    task.signal.addEventListener('abort', this.#abort, { once: true });
    for (const handle of this.#handles()) handle.ref();
  }

  /** The host has no task. It ends by itself after a while, and does not keep the agent from ending. */
  rest(): void {
    this.#task?.signal.removeEventListener('abort', this.#abort);
    this.#task = undefined;
    if (this.ended) return;
    for (const handle of this.#handles()) handle.unref();
    this.#endWhenIdle();
  }

  /** Loads the module; once. @throws AgentError ERR_MODULE_*, ERR_TOKEN_HOST_* */
  async load({ path, parameters, environment }: Pkcs11Module): Promise<void> {
    this.#module = path;
    const module = { path, ...(parameters === undefined ? {} : { parameters }) };
    await this.request('start', { module: { ...module, environment: moduleEnvironment(environment) } });
  }

  /** Whether the process has ended, or is ending. */
  get ended(): boolean {
    return this.#reason !== undefined || this.#farewell !== undefined;
  }

  /** Whether it has a task at present. */
  get atWork(): boolean {
    return this.#task !== undefined && !this.ended;
  }

  /** One at a time, in the order of the calls. */
  request<O extends HostOperation>(operation: O, params: HostParams<O>): Promise<HostResult<O>> {
    const answer = this.#queue.then(() => this.#ask(operation, params));
    this.#queue = answer.catch(() => undefined);
    return answer;
  }

  /** Lets the host log out and finalize, or kills it when it takes too long. Safe to call twice. */
  end(): Promise<void> {
    // It takes no new work, but the agent waits for its end.
    if (this.#reason === undefined) for (const handle of this.#handles()) handle.ref();
    this.#farewell ??= this.#sayGoodbye();
    return this.#farewell;
  }

  async #sayGoodbye(): Promise<void> {
    if (this.#reason === undefined && !this.#pending) {
      const timer = setTimeout(
        () => this.#kill(new AgentError('ERR_TOKEN_HOST_TIMEOUT', { operation: 'end' })),
        END_MS,
      );
      await this.#ask('end', {}).catch(() => undefined);
      clearTimeout(timer);
    }
    this.#kill(new AgentError('ERR_TOKEN_HOST_CRASHED', { operation: 'none' }));
    await this.exited;
  }

  async #ask<O extends HostOperation>(operation: O, params: HostParams<O>): Promise<HostResult<O>> {
    const isGone = this.#reason !== undefined;
    if (isGone) throw this.#reason;
    const result = await new Promise((resolve, reject) => {
      this.#lastId += 1;
      this.#pending = { id: this.#lastId, operation, resolve, reject, step: FIRST_STEP[operation] };
      this.#startDeadline();
      const request: HostRequest = { id: this.#lastId, operation, params };
      this.#pipe.write(encodeFrame(request));
    });
    const parsed = v.safeParse(HOST_OPERATIONS[operation].result, result);
    if (!parsed.success) throw this.#violation(operation);
    return parsed.output;
  }

  #receive(message: unknown): void {
    const parsed = v.safeParse(hostMessage, message);
    if (!parsed.success) return void this.#violation('message');
    const { output } = parsed;
    if (!this.#pending) return;
    if (output.kind === 'step') {
      this.#pending.step = output.step;
      this.#startDeadline();
    } else if (output.kind === 'dialog') {
      this.#startDeadline(output.open ? (this.#task?.dialogMs ?? 0) + DIALOG_GRACE_MS : undefined);
    } else this.#settle(output, this.#pending);
  }

  #settle(answer: Extract<HostMessage, { kind: 'result' | 'error' }>, pending: Pending): void {
    if (answer.id !== pending.id) return void this.#violation(pending.operation);
    this.#pending = undefined;
    clearTimeout(this.#timer);
    this.#endWhenIdle();
    if (answer.kind === 'result') pending.resolve(answer.result);
    else pending.reject(new AgentError(answer.code, answer.details, causeIn(answer)));
  }

  #endWhenIdle(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.end(), IDLE_MS);
    if (!this.#task) this.#timer.unref();
  }

  /** @param ms the dialog's limit while a dialog is open; otherwise the limit of the present step */
  #startDeadline(ms?: number): void {
    const { step, operation } = this.#pending ?? { step: 'list', operation: 'none' };
    clearTimeout(this.#timer);
    const limit = ms ?? this.#task?.deadlines[step] ?? DEADLINES_MS[step];
    const overrun = (): void =>
      this.#kill(new AgentError('ERR_TOKEN_HOST_TIMEOUT', { operation, step, deadlineMs: limit }));
    this.#timer = setTimeout(overrun, limit);
  }

  #violation(operation: string): AgentError {
    const error = new AgentError('ERR_TOKEN_HOST_PROTOCOL', { operation });
    this.#kill(error);
    return error;
  }

  #kill(reason: unknown): void {
    if (this.#reason !== undefined) return;
    this.#fail(reason);
    this.#child.kill('SIGKILL');
  }

  #fail(reason: unknown): void {
    clearTimeout(this.#timer);
    this.#task?.signal.removeEventListener('abort', this.#abort);
    this.#reason ??= reason ?? new AgentError('ERR_USER_CANCELLED');
    this.#pending?.reject(this.#reason);
    this.#pending = undefined;
  }

  #onExit(how: { exitCode: number; signal: string }, cause?: unknown): void {
    const operation = this.#pending?.operation ?? 'none';
    const reason = new AgentError('ERR_TOKEN_HOST_CRASHED', { ...how, operation }, cause);
    if (this.#reason === undefined) this.#fail(reason);
    if (this.#output) this.#report('module output', { module: this.#module, text: this.#output });
  }

  /** The handles that keep the agent's process from ending. */
  #handles(): { ref(): unknown; unref(): unknown }[] {
    // The pipes of a child are sockets. Node's types call them streams, which have no ref and unref.
    return [this.#child, ...this.#child.stdio.slice(1)] as Socket[];
  }

  /** Reads what a module prints, since a full pipe would block it. The text is bounded, and digits that may be a PIN are replaced. */
  #listenToOutput(): void {
    const listen = (stream: Readable | null): void => {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        const room = MAX_OUTPUT_CHARACTERS - this.#output.length;
        if (room > 0)
          this.#output += text
            .slice(0, room)
            .replace(/\d{4,}/g, '#')
            .replace(/[^\P{C}\n]/gu, '?');
      });
    };
    listen(this.#child.stdout);
    listen(this.#child.stderr);
  }
}

/** The error that was thrown in the host, for the log: its name and its stack. Its message did not leave the host. */
function causeIn({ cause }: Extract<HostMessage, { kind: 'error' }>): Error | undefined {
  if (cause === undefined) return undefined;
  const error = new Error('in the token host');
  error.name = cause.name;
  error.stack = cause.at.map((frame) => `    at ${frame}`).join('\n');
  return error;
}
