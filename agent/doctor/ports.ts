import { createServer } from 'node:net';
import { PORTS } from '../../web-bridge/protocol/envelope.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Answer, Check, Observation } from './finding.ts';
import { isServing } from './serving.ts';

/** Who else has a port cannot be told from here: only that it is taken, and whether `inkan serve` runs. */
export const ports: Check<'ports'> = {
  check: 'ports',
  look: async ({ folders }) => portsAreOurs(await isServing(folders)),
};

export async function portsAreOurs(serving: boolean): Promise<Answer[]> {
  const free = await Promise.all(PORTS.map(isFree));
  const taken = PORTS.filter((_, index) => !free[index]);
  const observed = PORTS.map((port, index): Observation => {
    const remark = free[index] ? 'free' : serving && port === taken[0] ? 'ours' : 'foreign';
    return { fact: `127.0.0.1:${port}`, shared: String(port), remarks: [remark] };
  });
  return !serving && taken.length === PORTS.length ? [new AgentError('ERR_BRIDGE_PORT_TAKEN'), ...observed] : observed;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
