/**
 * A token host: one process for one vendor's module. It takes one message at a time from the agent that forked it, looks
 * the operation up in the table, answers, and ends with its parent. Whatever prints here prints into a bounded pipe.
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
/** Whoever starts a host for work at hand sends it at once. */
const SPARE_AFTER_MS = 30;

const pipe = new Socket({ fd: HOST_DESCRIPTOR });

/** Sent when this resolves: a blocking call of the module may follow at once. */
function send(message: HostMessage): Promise<void> {
  return new Promise((resolve) => pipe.write(encodeFrame(message), () => resolve()));
}

const host: Host = {
  teller: {
    step: (step) => send({ kind: 'step', step }),
    dialog: (open) => send({ kind: 'dialog', open }),
  },
  module: undefined,
  token: undefined,
};

async function answer(message: unknown): Promise<void> {
  const request = v.safeParse(hostRequest, message);
  // Not even an id to answer to: the other side is not our agent.
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

/** Without a farewell to the module, which may hang. A PIN dialog that is open goes with us (`agent/dialog/pinentry.ts`). */
function endAtOnce(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** A call that hangs keeps this thread from seeing that the agent died; a second thread looks. */
function watchParent(): void {
  const source = `const parent = ${process.ppid};
    setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL'); }, 500);`;
  new Worker(source, { eval: true, env: {}, stdin: false, stdout: false, stderr: false }).unref();
}

/** A spare has time: what the first token will need is read before anybody waits for it. */
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
// Ctrl-C reaches the whole process group: what it means is the agent's to decide, which ends us, or goes and is seen to go.
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});
watchParent();
