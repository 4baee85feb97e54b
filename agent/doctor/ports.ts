import { createServer } from 'node:net';
import { PORTS } from '../../web-bridge/protocol/envelope.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import type { Check, CheckResult, Observation } from './finding.ts';
import { isServing } from './serving.ts';

/** The check finds which ports are taken and whether `inkan serve` runs. It cannot find which other program has a port. */
export const ports: Check<'ports'> = {
  check: 'ports',
  run: async ({ folders }) => checkPorts(await isServing(folders)),
};

export async function checkPorts(serving: boolean): Promise<CheckResult[]> {
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
