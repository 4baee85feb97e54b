/** A desk with the reference CA beside it and an agent running on it: what most topics begin with. */
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type AgentDesk, layAgentDesk } from '../stage/agent-desk.ts';
import { type ServedAgent, serveAgent } from '../stage/served-agent.ts';
import type { SoftHsm } from '../stage/softhsm.ts';
import { SCRIPTED_AGENT } from './builds.ts';
import type { Bench } from './figure.ts';
import { openReferenceCa, type ReferenceCa } from './reference-ca.ts';

export type BenchDesk = { readonly ca: ReferenceCa; readonly desk: AgentDesk; readonly agent: ServedAgent };

/** Opens the desk for `work` and clears it away. `change`: what is different at this desk before its agent starts. */
export async function atDesk<T>(
  { folder }: Bench,
  labels: readonly string[],
  work: (desk: BenchDesk) => Promise<T>,
  change: (desk: AgentDesk) => void = () => {},
): Promise<T> {
  const own = mkdtempSync(join(folder, 'desk-'));
  const ca = await openReferenceCa(own);
  const desk = layAgentDesk(own, labels);
  desk.addProfile(ca.profile);
  change(desk);
  const agent = await serveAgent(desk, { program: SCRIPTED_AGENT, port: await freePort(), unannounced: true });
  try {
    return await work({ ca, desk, agent });
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

export function tokenOf({ module, tokenEnvironment: environment, pin }: AgentDesk): SoftHsm {
  return { module, environment, pin };
}
