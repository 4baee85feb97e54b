/**
 * A token host's operations, bundled as they ship, in a process of their own and timed inside it: `listing-host.js MODULE`
 * prints the first token, `listing-host.js MODULE TOKEN` the milliseconds of listing its certificates, from after
 * C_Initialize. As the agent goes about it (`agent/token/hosts.ts`): tokens are listed, the host rests, starts the module
 * anew and lists the certificates; and as a host is asked, by messages.
 */
import * as v from 'valibot';
import { encodeFrame, readFrames } from '../../agent/token/frame.ts';
import {
  HOST_OPERATIONS,
  type HostOperation,
  type HostParams,
  type HostResult,
} from '../../agent/token/host-protocol.ts';
import { type Host, OPERATIONS } from '../../agent/token-host/operations.ts';

const [path = '', token] = process.argv.slice(2);
const host: Host = { progress: { step: async () => {}, dialog: async () => {} }, module: undefined, token: undefined };
void measure();

async function measure(): Promise<void> {
  await ask('start', { module: { path, environment: {} } });
  console.log(token === undefined ? await firstToken() : await listed(token));
  await ask('end', {});
}

async function firstToken(): Promise<string> {
  const { result } = await ask('list', {});
  const [first] = result.tokens;
  if (!first) throw new Error('no token');
  const { module, label, serialNumber, manufacturer, model, slotDescription } = first;
  return JSON.stringify({ module, label, serialNumber, manufacturer, model, slotDescription });
}

async function listed(identity: string): Promise<number> {
  await ask('list', {});
  await ask('refresh', {});
  const { ms } = await ask('certificates', { token: JSON.parse(identity) as HostParams<'certificates'>['token'] });
  return ms;
}

/** The message is read and the answer written as in a host (`agent/token-host/main.ts`); timed is what lies between. */
async function ask<O extends HostOperation>(
  operation: O,
  given: HostParams<O>,
): Promise<{ readonly ms: number; readonly result: HostResult<O> }> {
  let message: unknown;
  const read = readFrames(
    (received) => {
      message = received;
    },
    () => {},
  );
  read(encodeFrame(given));
  const params = v.parse(HOST_OPERATIONS[operation].params, message) as HostParams<O>;
  const startedAt = performance.now();
  const result = await OPERATIONS[operation](host, params);
  const ms = performance.now() - startedAt;
  encodeFrame(result);
  return { ms, result };
}
