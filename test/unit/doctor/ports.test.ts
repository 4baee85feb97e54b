import { createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { checkPorts } from '../../../agent/doctor/ports.ts';
import { PORTS } from '../../../web-bridge/protocol/address.ts';
import { skip } from '../../stage/skip.ts';

describe('doctor: the ports', () => {
  it('counts a port as ours only while the service runs, and as taken otherwise', async function () {
    const blocker: Server = createServer();
    const [first] = PORTS;
    const blocked = await new Promise<boolean>((done) => {
      blocker.once('error', () => done(false)).listen(first, '127.0.0.1', () => done(true));
    });
    if (!blocked) skip(this, 'the port that is to be taken is taken by something else');
    const remarks = async (serving: boolean) =>
      (await checkPorts(serving)).map((fact) => 'remarks' in fact && fact.remarks?.[0]);
    try {
      expect((await remarks(true))[0]).to.equal('ours');
      expect((await remarks(false))[0]).to.equal('foreign');
    } finally {
      blocker.close();
    }
    expect(await remarks(false)).to.include('free');
  });
});
