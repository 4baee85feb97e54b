import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { createLocks } from '../../../agent/lock.ts';
import { AgentError } from '../../../web-bridge/protocol/errors.ts';
import { ownFolder } from '../../stage/folder.ts';
import { refusalOf } from '../../stage/refusal.ts';

const calm = new AbortController().signal;

describe('a lock between processes', () => {
  const folder = ownFolder();
  const hold = (waitMs: number) => createLocks(folder()).hold('one', new AgentError('ERR_BRIDGE_BUSY'), waitMs, calm);

  it('is held by one, and free for the next once let go', async () => {
    const unlock = await hold(0);
    expect(await refusalOf(hold(0))).to.equal('ERR_BRIDGE_BUSY');
    await unlock();
    await (await hold(0))();
    expect(readdirSync(folder())).to.deep.equal([]);
  });

  it('is waited for', async () => {
    const unlock = await hold(0);
    const waiting = hold(5_000);
    await unlock();
    await (await waiting)();
  });

  it('of a process that was killed is free at once, also for who does not wait', async () => {
    const { pid } = spawnSync('true');
    writeFileSync(join(folder(), 'one.lock'), `${pid} 1`);
    await (await hold(0))();
    expect(readdirSync(folder())).to.deep.equal([]);
  });
});
