/** The small things beside the composition root: configuration, log, locks. */
import { fork } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { foldersOf, refuseDangerousEnvironment } from '../../../agent/config.ts';
import { createLocks } from '../../../agent/lock.ts';
import { openLog } from '../../../agent/log.ts';
import { AgentError } from '../../../web-bridge/protocol/errors.ts';
import { ownFolder } from '../../stage/folder.ts';
import { refusalOf } from '../../stage/refusal.ts';

describe('agent: configuration', () => {
  it('lies where XDG says, or where we are told', () => {
    expect(foldersOf({ HOME: '/home/u' }).config).to.equal('/home/u/.config/inkan');
    expect(foldersOf({ HOME: '/home/u' }).state).to.equal('/home/u/.local/state/inkan');
    expect(foldersOf({ HOME: '/home/u', XDG_STATE_HOME: '/s' }).state).to.equal('/s/inkan');
    const own = foldersOf({ INKAN_CONFIG_DIR: '/c', INKAN_STATE_DIR: '/s' });
    expect(own).to.deep.equal({ config: '/c', state: '/s', profiles: ['/etc/inkan/profiles', '/c/profiles'] });
  });

  it('is refused where the environment would undo TLS or load code', async () => {
    const refuse = (environment: NodeJS.ProcessEnv) => refusalOf(() => refuseDangerousEnvironment(environment));
    expect(await refuse({ NODE_TLS_REJECT_UNAUTHORIZED: '0' })).to.equal('ERR_INTERNAL_ENVIRONMENT_REFUSED');
    expect(await refuse({ NODE_OPTIONS: '--require x' })).to.equal('ERR_INTERNAL_ENVIRONMENT_REFUSED');
    expect(await refuse({ PATH: '/bin' })).to.equal('not refused');
  });
});

describe('agent: the log', () => {
  const folder = ownFolder();

  it('tells codes and places, never what a foreign error quotes', async () => {
    const report = openLog(join(folder(), 'log'));
    let cause: unknown;
    try {
      JSON.parse('{"secret": 73915846');
    } catch (error) {
      cause = error;
    }
    report('failed', { port: 1 }, new AgentError('ERR_CA_REFUSED', { status: 400 }, cause));
    const text = await readFile(join(folder(), 'log/inkan.log'), 'utf8');
    expect(text).to.include('"status":400').and.to.include('SyntaxError').and.not.include('73915846');
    expect((await stat(join(folder(), 'log/inkan.log'))).mode & 0o777).to.equal(0o600);
  });

  it('is rotated by size and keeps three old files', async () => {
    const report = openLog(join(folder(), 'log'));
    for (let round = 0; round < 6; round += 1) {
      report('begin', { round });
      await writeFile(join(folder(), 'log/inkan.log'), 'x'.repeat(1024 * 1024));
    }
    report('end');
    expect((await readdir(join(folder(), 'log'))).sort()).to.deep.equal([
      'inkan.log',
      'inkan.log.1',
      'inkan.log.2',
      'inkan.log.3',
    ]);
  });

  it('stops nobody when it cannot be written', async () => {
    await writeFile(join(folder(), 'log'), 'not a folder');
    openLog(join(folder(), 'log'))('lost');
  });
});

describe('agent: locks', () => {
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
