import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { openLog } from '../../../agent/records/log.ts';
import { AgentError } from '../../../web-bridge/protocol/errors.ts';
import { ownFolder } from '../../stage/folder.ts';

describe('the log', () => {
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
