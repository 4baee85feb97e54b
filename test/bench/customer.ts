/** A PC with the reference CA beside it and an agent running on it: what most topics begin with. */
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type CustomerPc, setUpPc } from '../stage/customer-pc.ts';
import { type ServedAgent, serveAgent } from '../stage/served-agent.ts';
import type { SoftHsm } from '../stage/softhsm.ts';
import { SCRIPTED_AGENT } from './builds.ts';
import type { Bench } from './figure.ts';
import { openReferenceCa, type ReferenceCa } from './reference-ca.ts';

export type BenchCustomer = { readonly ca: ReferenceCa; readonly pc: CustomerPc; readonly agent: ServedAgent };

/** Opens the PC for `work` and clears it away. `change`: what is different at this PC before its agent starts. */
export async function withCustomer<T>(
  { folder }: Bench,
  labels: readonly string[],
  work: (pc: BenchCustomer) => Promise<T>,
  change: (pc: CustomerPc) => void = () => {},
): Promise<T> {
  const own = mkdtempSync(join(folder, 'desk-'));
  const ca = await openReferenceCa(own);
  const pc = setUpPc(own, labels);
  pc.addProfile(ca.profile);
  change(pc);
  const agent = await serveAgent(pc, { program: SCRIPTED_AGENT, port: await freePort(), unannounced: true });
  try {
    return await work({ ca, pc, agent });
  } finally {
    await agent.stop();
    await ca.close();
  }
}

/** The fixed port may be in use by the agent of whoever runs the bench. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const { port } = server.address() as { port: number };
  await new Promise((closed) => server.close(closed));
  return port;
}

export function tokenOf({ module, tokenEnvironment: environment, pin }: CustomerPc): SoftHsm {
  return { module, environment, pin };
}
