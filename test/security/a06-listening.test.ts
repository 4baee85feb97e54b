/** A6: the bridge listens on 127.0.0.1 and on nothing else, as the machine's own socket table has it. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { expect } from 'chai';
import { dial } from '../stage/knock.ts';
import { skip } from '../stage/skip.ts';
import { standTarget, type Target } from '../stage/target.ts';

describe('A6: where the bridge listens', () => {
  let target: Target;
  before(async () => {
    target = await standTarget();
  });
  after(() => target?.leave());

  it('cannot be reached at any other local address', async () => {
    const addresses = Object.values(networkInterfaces()).flatMap((list = []) => list.map(({ address }) => address));
    for (const host of new Set(['::1', '127.0.0.2', '127.255.255.254', ...addresses])) {
      if (host === '127.0.0.1' || host.startsWith('fe80')) continue;
      const [error] = (await once(dial(target.port, host), 'error')) as [NodeJS.ErrnoException];
      expect(error.code, host).to.be.oneOf(['ECONNREFUSED', 'EADDRNOTAVAIL', 'ENETUNREACH']);
    }
  });

  it('stands so in the socket table', function () {
    if (process.platform !== 'linux') skip(this, 'the socket table is read on Linux');
    const hex = target.port.toString(16).toUpperCase().padStart(4, '0');
    const table = ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFileSync(path, 'latin1')).join('');
    const listening = table.split('\n').filter((line) => line.includes(`:${hex} `) && / 0A /.test(line));
    expect(listening.map((line) => line.trim().split(/\s+/)[1])).to.deep.equal([`0100007F:${hex}`]);
  });
});
