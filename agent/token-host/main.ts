/**
 * A token host: one process for one vendor's module. It takes one message at a time from the agent that forked it, runs the
 * operation that the table has under that name, and answers. It ends when its parent ends. Its standard output and error are
 * pipes of which the agent keeps a bounded part.
 */
import { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import * as v from 'valibot';
import { AgentError, asAgentError } from '../../web-bridge/protocol/errors.ts';
import { encodeFrame, readFrames } from '../token/frame.ts';
import {
  HOST_DESCRIPTOR,
  HOST_OPERATIONS,
  type HostMessage,
  type HostOperation,
  hostRequest,
} from '../token/host-protocol.ts';
import { type Host, OPERATIONS } from './operations.ts';
import { loadFamilies } from './quirks.ts';
import { wasPulled } from './session.ts';

const MAX_FRAMES = 6;
/** A host that was started for an operation gets it at once. One that waits longer is a spare. */
const SPARE_AFTER_MS = 30;

const pipe = new Socket({ fd: HOST_DESCRIPTOR });

/** Resolves when the message is sent: after that, the module may block this thread. */
function send(message: HostMessage): Promise<void> {
  return new Promise((resolve) => pipe.write(encodeFrame(message), () => resolve()));
}

const host: Host = {
  progress: {
    step: (step) => send({ kind: 'step', step }),
    dialog: (open) => send({ kind: 'dialog', open }),
  },
  module: undefined,
  token: undefined,
};

async function answer(message: unknown): Promise<void> {
  const request = v.safeParse(hostRequest, message);
  // Without an id there is nothing to answer to. The other side is not our agent.
  if (!request.success) return endAtOnce();
  const { id, operation, params } = request.output;
  try {
    await send({ kind: 'result', id, result: await perform(operation, params) });
  } catch (error) {
    await send({ kind: 'error', id, ...failure(asAgentError(error)) });
  }
  if (operation === 'end') process.exit(0);
}

async function perform<O extends HostOperation>(operation: O, params: unknown): Promise<unknown> {
  const parsed = v.safeParse(HOST_OPERATIONS[operation].params, params);
  if (!parsed.success) throw new AgentError('ERR_TOKEN_HOST_PROTOCOL', { operation });
  try {
    return await OPERATIONS[operation](host, parsed.output);
  } catch (error) {
    throw isUnclear(error) && host.token && wasPulled(host.token)
      ? new AgentError('ERR_TOKEN_REMOVED', {}, error)
      : error;
  }
}

function isUnclear(error: unknown): boolean {
  return error instanceof AgentError && error.code === 'ERR_TOKEN_FAILED';
}

function failure({
  code,
  details,
  cause,
}: AgentError): Pick<HostMessage & { kind: 'error' }, 'code' | 'details' | 'cause'> {
  if (!(cause instanceof Error)) return { code, details };
  const frames = (cause.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  const at = frames.slice(0, MAX_FRAMES).map((line) => line.trim().slice('at '.length).slice(0, 300));
  return { code, details, cause: { name: cause.name.slice(0, 64), at } };
}

/** The module is not finalized, since it may hang. An open PIN dialog ends too (`agent/dialog/pinentry.ts`). */
function endAtOnce(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** While a call hangs, this thread cannot see that the agent died. A second thread watches. */
function watchParent(): void {
  const source = `const parent = ${process.ppid};
    setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL'); }, 500);`;
  new Worker(source, { eval: true, env: {}, stdin: false, stdout: false, stderr: false }).unref();
}

/** A spare has time, so it loads what the first token will need. */
function prepareToOpen(): void {
  void import('../dialog/open.ts').catch(() => undefined);
  void loadFamilies().catch(() => undefined);
}

let queue = Promise.resolve();
const whenIdle = setTimeout(prepareToOpen, SPARE_AFTER_MS);
const read = readFrames((message) => {
  clearTimeout(whenIdle);
  queue = queue.then(() => answer(message));
}, endAtOnce);
pipe.on('data', read).on('error', endAtOnce).on('close', endAtOnce);
// Ctrl-C reaches the whole process group, and the agent decides what it means. If the agent ends, this process ends too.
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});
watchParent();
