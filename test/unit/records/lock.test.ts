import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { createLocks, isHeld } from '../../../agent/records/lock.ts';
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

  describe('whose holder is another process that lives', () => {
    let holder: ChildProcess;
    beforeEach(() => {
      holder = spawn('sleep', ['600'], { stdio: 'ignore' });
    });
    afterEach(() => void holder.kill());

    /** Field 22 of proc(5)'s stat; the second, in brackets, may hold blanks. */
    function startTimeOf(pid: number | undefined): number {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return Number(stat.slice(stat.lastIndexOf(')')).split(' ')[20]);
    }
    const lockedBy = (pid: number | undefined, startTime: number) =>
      writeFileSync(join(folder(), 'one.lock'), `${pid} ${startTime}`);

    it('is held by it: process id and start time are its own', async () => {
      lockedBy(holder.pid, startTimeOf(holder.pid));
      expect(await isHeld(folder(), 'one')).to.equal(true);
      expect(await refusalOf(hold(0))).to.equal('ERR_BRIDGE_BUSY');
    });

    it('is free where the process id was given again: the start time is another', async () => {
      lockedBy(holder.pid, startTimeOf(holder.pid) - 1);
      expect(await isHeld(folder(), 'one')).to.equal(false);
      await (await hold(0))();
      expect(readdirSync(folder())).to.deep.equal([]);
    });
  });

  it('names its holder by process id and start time', async () => {
    const unlock = await hold(0);
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const startTime = stat.slice(stat.lastIndexOf(')')).split(' ')[20];
    expect(readFileSync(join(folder(), 'one.lock'), 'utf8')).to.equal(`${process.pid} ${startTime}`);
    await unlock();
  });
});

describe('locks in one folder', () => {
  const folder = ownFolder();
  const signal = new AbortController().signal;
  const busy = new AgentError('ERR_TOKEN_BUSY');
  const hold = (name: string, waitMs = 0) => createLocks(join(folder(), 'locks')).hold(name, busy, waitMs, signal);

  it('let one holder in at a time and the next one after it', async () => {
    const release = await hold('token-a');
    expect(await refusalOf(hold('token-a'))).to.equal('ERR_TOKEN_BUSY');
    await (await hold('token-b'))();
    const waiting = hold('token-a', 5_000);
    await release();
    await (await waiting)();
    expect(await readdir(join(folder(), 'locks'))).to.deep.equal([]);
  });

  it('of a process that was killed hold nothing, even where its number was given again', async () => {
    await mkdir(join(folder(), 'locks'));
    const child = fork('/dev/null', { stdio: 'ignore' });
    await new Promise((gone) => child.once('exit', gone));
    await writeFile(join(folder(), 'locks/token-a.lock'), `${child.pid} 1`);
    await writeFile(join(folder(), 'locks/token-b.lock'), `${process.pid} 1`);
    await (await hold('token-a', 1_000))();
    await (await hold('token-b', 1_000))();
  });

  it('exclude each other under contention', async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      const release = await hold('token-a', 20_000);
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((next) => setTimeout(next, 2));
      inside -= 1;
      await release();
    };
    await Promise.all(Array.from({ length: 10 }, work));
    expect(most).to.equal(1);
  });
});
