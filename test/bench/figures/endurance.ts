/** Memory and descriptors of an agent that is used for long: reconnected to, and enrolled with, again and again. */
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf } from '../../contract/processes.ts';
import { atDesk, tokenOf } from '../desk.ts';
import { type Bench, exactly, type Figure } from '../figure.ts';
import { enrollThrough, openPage } from '../page.ts';
import { clear } from '../programs.ts';
import { ORIGIN } from '../reference-ca.ts';
import { residentMb } from './readiness.ts';

type State = { readonly memory: number; readonly descriptors: number; readonly children: number };

export function endurance(bench: Bench): Promise<readonly Figure[]> {
  return atDesk(bench, ['desk'], async ({ ca, desk, agent }) => {
    const reconnect = async (): Promise<void> => (await openPage(agent.port, ORIGIN)).close();
    const enroll = async (): Promise<void> => {
      const page = await openPage(agent.port, ORIGIN);
      await enrollThrough(page, await ca.order('ec-p256'));
      await page.close();
      await clear(bench.floor, tokenOf(desk), 'desk');
    };
    const { pid = 0 } = agent.process;
    const long = process.argv.includes('--long');
    const many = long ? { reconnects: 10_000, enrollments: 500 } : { reconnects: 500, enrollments: 5 };
    const soak = async (work: () => Promise<void>, times: number): Promise<readonly [State, State]> => {
      // What the first ones load stays; what counts is what the later ones add.
      for (let done = 0; done < times / 5; done += 1) await work();
      const before = await stateOf(pid);
      for (let done = 0; done < times; done += 1) await work();
      return [before, await stateOf(pid)];
    };
    const reconnected = await soak(reconnect, many.reconnects);
    const enrolled = await soak(enroll, many.enrollments);
    return [
      ...figuresOf(`${many.reconnects} reconnects`, reconnected),
      ...figuresOf(`${many.enrollments} enrollments`, enrolled),
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
