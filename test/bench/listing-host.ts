/**
 * A token host's operations in a process of their own, timed inside it: `listing-host.js MODULE` prints the first token,
 * `listing-host.js MODULE TOKEN` the milliseconds of listing its certificates, from after C_Initialize. As the agent goes
 * about it (`agent/token/hosts.ts`): tokens are listed, the host rests, starts the module anew and lists the certificates.
 */
import { type Host, OPERATIONS } from '../../agent/token-host/operations.ts';

const [path = '', token] = process.argv.slice(2);
const host: Host = { teller: { step: async () => {}, dialog: async () => {} }, module: undefined, token: undefined };
await OPERATIONS.start(host, { module: { path, environment: {} } });
console.log(token === undefined ? await firstToken() : await listed(token));
await OPERATIONS.end(host, {});

async function firstToken(): Promise<string> {
  const [first] = (await OPERATIONS.list(host, {})).tokens;
  if (!first) throw new Error('no token');
  const { module, label, serialNumber, manufacturer, model, slotDescription } = first;
  return JSON.stringify({ module, label, serialNumber, manufacturer, model, slotDescription });
}

async function listed(identity: string): Promise<number> {
  const params = { token: JSON.parse(identity) as Parameters<typeof OPERATIONS.certificates>[1]['token'] };
  await OPERATIONS.list(host, {});
  await OPERATIONS.refresh(host, {});
  const startedAt = performance.now();
  await OPERATIONS.certificates(host, params);
  return performance.now() - startedAt;
}
