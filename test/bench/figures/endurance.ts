/** Memory and descriptors of an agent that is used for long: reconnected to, and enrolled with, again and again. */
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf } from '../../contract/processes.ts';
import { tokenOf, withCustomer } from '../customer.ts';
import { type Bench, exactly, type Figure } from '../figure.ts';
import { enrollThrough, openPage } from '../page.ts';
import { clear } from '../programs.ts';
import { ORIGIN } from '../reference-ca.ts';
import { residentMb } from './readiness.ts';

type State = { readonly memory: number; readonly descriptors: number; readonly children: number };

/**
 * What the first ones load stays, and V8's young generation grows to its 48 MB over some two thousand connects, whatever they
 * do; what counts is what the later ones add.
 */
type Soak = { readonly first: number; readonly counted: number };
const LONG: readonly [Soak, Soak] = [
  { first: 2_000, counted: 10_000 },
  { first: 100, counted: 500 },
];
const SHORT: readonly [Soak, Soak] = [
  { first: 2_000, counted: 500 },
  { first: 1, counted: 5 },
];

export function endurance(bench: Bench): Promise<readonly Figure[]> {
  return withCustomer(bench, ['desk'], async ({ ca, pc, agent }) => {
    const reconnect = async (): Promise<void> => (await openPage(agent.port, ORIGIN)).close();
    const enroll = async (): Promise<void> => {
      const page = await openPage(agent.port, ORIGIN);
      await enrollThrough(page, await ca.order('ec-p256'));
      await page.close();
      await clear(bench.floor, tokenOf(pc), 'desk');
    };
    const { pid = 0 } = agent.process;
    const long = process.argv.includes('--long');
    const soak = async (work: () => Promise<void>, { first, counted }: Soak): Promise<readonly [State, State]> => {
      for (let done = 0; done < first; done += 1) await work();
      const before = await stateOf(pid);
      for (let done = 0; done < counted; done += 1) await work();
      return [before, await stateOf(pid)];
    };
    const [reconnects, enrollments] = long ? LONG : SHORT;
    const reconnected = await soak(reconnect, reconnects);
    const enrolled = await soak(enroll, enrollments);
    return [
      ...figuresOf(`${reconnects.counted} reconnects`, reconnected),
      ...figuresOf(`${enrollments.counted} enrollments`, enrolled),
      { what: 'token hosts left when idle', unit: '', ours: exactly(enrolled[1].children) },
    ];
  });
}

function figuresOf(what: string, [before, after]: readonly [State, State]): Figure[] {
  const floor = (value: number) => ({ name: 'before', sample: exactly(value) });
  const { memory, descriptors } = before;
  return [
    { what: `memory after ${what}`, unit: 'MB', ours: exactly(after.memory), floor: floor(memory), goal: 1.25 },
    {
      what: `descriptors after ${what}`,
      unit: '',
      ours: exactly(after.descriptors),
      floor: floor(descriptors),
      goal: 1,
    },
  ];
}

async function stateOf(pid: number): Promise<State> {
  await sleep(500);
  const descriptors = readdirSync(`/proc/${pid}/fd`).length;
  return { memory: residentMb(pid), descriptors, children: childrenOf(pid).length };
}
