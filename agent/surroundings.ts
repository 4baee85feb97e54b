/** What lies around the agent and decides whether it can be used: its ports, the browsers' policies, the clock. */
import { createServer } from 'node:net';
import type { Profile } from '../native-config/schema.ts';
import { PORTS } from '../web-bridge/protocol/envelope.ts';
import { AgentError } from '../web-bridge/protocol/errors.ts';
import { browserPolicies } from './browser-policy.ts';
import { exchange } from './ca/http.ts';
import type { Fact, Told } from './doctor.ts';

const CA_MS = 5_000;
/** As far as an order's times may be off (`agent/policy/order.ts`). */
const CLOCK_MS = 5 * 60_000;

/** Who else has a port cannot be told from here: only that it is taken, and whether `inkan serve` runs. */
export async function portsAreOurs(serving: boolean): Promise<Fact[]> {
  const free = await Promise.all(PORTS.map(isFree));
  const taken = PORTS.filter((_, index) => !free[index]);
  const facts = PORTS.map((port, index): Told => {
    const remark = free[index] ? 'free' : serving && port === taken[0] ? 'ours' : 'foreign';
    return { fact: `127.0.0.1:${port}`, shared: String(port), remarks: [remark] };
  });
  return !serving && taken.length === PORTS.length ? [new AgentError('ERR_BRIDGE_PORT_TAKEN'), ...facts] : facts;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Without a policy a browser asks the customer, which is as it should be on a PC of one's own. */
export async function browsersMayAsk(profiles: readonly Profile[]): Promise<Fact[]> {
  const origins = profiles.flatMap((profile) => profile.origins);
  const policies = await browserPolicies(origins);
  return policies.map(({ browser, allows }) => {
    const all = allows.length === origins.length && allows.length > 0;
    return {
      fact: [browser, ...allows].join('  '),
      shared: `${browser}  ${allows.length}/${origins.length}`,
      remarks: [all ? 'allowed' : 'notAllowed'],
    };
  });
}

export function clockIsRight(profiles: readonly Profile[]): Promise<Fact[]> {
  return Promise.all(profiles.map(clockOf));
}

/** By the Date of the bank's CA (RFC 9110 §6.6.1), asked for what anybody may ask: its certificates (RFC 7030 §4.1). */
async function clockOf({ id, enrollment }: Profile): Promise<Fact> {
  const [service] = Object.values(enrollment);
  if (!service) return { fact: id, shared: '' };
  try {
    const bounds = { trustAnchors: service.trustAnchors, timeoutMs: CA_MS, signal: AbortSignal.timeout(CA_MS) };
    const { date } = await exchange({ url: `${service.url}/cacerts` }, bounds);
    if (!date) return { fact: id, shared: '' };
    const off = Date.now() - date.getTime();
    const shared = `${off > 0 ? '+' : ''}${Math.round(off / 1000)} s`;
    return {
      fact: `${id}  ${shared}`,
      shared,
      ...(Math.abs(off) > CLOCK_MS ? { remarks: ['clockWrong'], wrong: true } : {}),
    };
  } catch (error) {
    return { note: error instanceof AgentError ? error : new AgentError('ERR_CA_UNREACHABLE', {}, error) };
  }
}
