/** Who comes in: the opening handshake, byte by byte, and the port behind it. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect } from 'chai';
import { isForeignPeer } from '../../agent/platform/linux-socket-owner.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { type BridgeOptions, startBridge } from '../../web-bridge/server/server.ts';
import { type Change, call, MALFORMED, REFUSAL } from '../stage/knock.ts';
import { closeCode, ORIGIN, ownBridge } from './own-bridge.ts';
import { wordsOf } from './small-agent.ts';

describe("the bridge's gate", () => {
  const own = ownBridge();

  it('answers an allowed handshake with 101, our subprotocol and no extension', async () => {
    const socket = own.dial();
    socket.write(own.handshake({ 'Sec-WebSocket-Extensions': 'permessage-deflate' }));
    const [head] = (await once(socket, 'data')) as [Buffer];
    expect(head.toString())
      .to.match(/^HTTP\/1\.1 101 /)
      .and.include('Sec-WebSocket-Protocol: inkan.v1');
    expect(head.toString()).not.to.match(/extensions|access-control|cookie/i);
  });

  const REFUSED: [string, (port: number) => [Change?, string?]][] = [
    ['no Origin', () => [{ Origin: undefined }]],
    ['Origin null', () => [{ Origin: 'null' }]],
    ['plain http of the bank', () => [{ Origin: 'http://www.bank.example' }]],
    ['a strange origin', () => [{ Origin: 'https://evil.example' }]],
    ['two Origins', () => [{ Origin: [ORIGIN, ORIGIN] }]],
    ['a strange and our Origin', () => [{ Origin: ['https://evil.example', ORIGIN] }]],
    ['a long Origin', () => [{ Origin: `https://${'a'.repeat(4_000)}.example` }]],
    ['a rebound Host', (port) => [{ Host: `rebound.evil.example:${port}` }]],
    ['Host localhost', (port) => [{ Host: `localhost:${port}` }]],
    ['Host 0.0.0.0', (port) => [{ Host: `0.0.0.0:${port}` }]],
    ['Host [::1]', (port) => [{ Host: `[::1]:${port}` }]],
    ['Host without port', () => [{ Host: '127.0.0.1' }]],
    ['two Hosts', (port) => [{ Host: [`127.0.0.1:${port}`, `127.0.0.1:${port}`] }]],
    ['an absolute URI', (port) => [{}, `GET http://127.0.0.1:${port}/ HTTP/1.1`]],
    ['a path', () => [{}, 'GET /status HTTP/1.1']],
    ['version 8', () => [{ 'Sec-WebSocket-Version': '8' }]],
    ['another subprotocol', () => [{ 'Sec-WebSocket-Protocol': 'chat' }]],
    ['no subprotocol', () => [{ 'Sec-WebSocket-Protocol': undefined }]],
    ['a bad key', () => [{ 'Sec-WebSocket-Key': 'x' }]],
    ['GET without upgrade', () => [{ Upgrade: undefined, Connection: 'close' }]],
    ['GET as a browser sends it, no-cors', () => [{ Origin: undefined, Upgrade: undefined, Connection: 'close' }]],
    ['POST', () => [{ Upgrade: undefined, Connection: 'close', 'Content-Length': '0' }, 'POST / HTTP/1.1']],
    ['OPTIONS', () => [{ 'Access-Control-Request-Method': 'GET', Upgrade: undefined }, 'OPTIONS / HTTP/1.1']],
    ['POST with Expect', () => [{ Upgrade: undefined, Expect: '100-continue' }, 'POST / HTTP/1.1']],
    ['another Expect', () => [{ Upgrade: undefined, Expect: 'gold' }, 'POST / HTTP/1.1']],
    ['CONNECT', () => [{ Upgrade: undefined }, 'CONNECT 127.0.0.1:80 HTTP/1.1']],
  ];
  for (const [name, change] of REFUSED) {
    it(`${name}: the same 403 for everybody`, async () => {
      const answer = await own.knock(own.handshake(...change(own.bridge.port)));
      // Node itself refuses two Hosts and no Host.
      expect(answer).to.be.oneOf(name === 'two Hosts' ? [REFUSAL, MALFORMED] : [REFUSAL]);
      expect(own.agent.calls).to.deep.equal([]);
    });
  }

  it('no Host at all is refused', async () => {
    expect(await own.knock(own.handshake({ Host: undefined }))).to.match(/^HTTP\/1\.1 40[03] [\w ]+\r\n/);
  });

  it('100 KB of Origin end before the upgrade', async () => {
    const answer = await own.knock(own.handshake({ Origin: `https://${'a'.repeat(100_000)}.example` }));
    expect(answer).to.be.oneOf([MALFORMED, '']);
  });

  it('says the same to a stranger whatever the agent is doing', async () => {
    const before = await own.knock(own.handshake({ Origin: 'https://evil.example' }));
    const socket = await own.page();
    await call(socket, 'enroll', { order: 'an-order' });
    expect(await own.knock(own.handshake({ Origin: 'https://evil.example' }))).to.equal(before);
  });

  it('refuses a foreign peer like any stranger, asked by the two ports of its connection', async () => {
    const asked: Parameters<BridgeOptions['isForeignPeer']>[0][] = [];
    await own.restart({
      isForeignPeer: async (ends) => {
        asked.push(ends);
        return true;
      },
    });
    const socket = own.dial();
    await once(socket, 'connect');
    const client = socket.localPort;
    socket.write(own.handshake());
    expect(String((await once(socket, 'data'))[0])).to.equal(REFUSAL);
    expect(asked).to.deep.equal([{ client, server: own.bridge.port }]);
    expect(own.reports).to.deep.equal([
      { what: 'refused', facts: { reason: 'other user', count: 1 }, cause: undefined },
    ]);
  });

  it('asks for the list of origins each time', async () => {
    const origins = new Set<string>();
    await own.restart({ origins: () => origins });
    expect(await own.knock(own.handshake())).to.equal(REFUSAL);
    origins.add(ORIGIN);
    await own.page();
  });

  it('reports a reason once, not a flood', async () => {
    for (let count = 0; count < 20; count += 1) await own.knock(own.handshake({ Origin: 'https://evil.example' }));
    expect(own.reports).to.deep.equal([{ what: 'refused', facts: { reason: 'origin', count: 1 }, cause: undefined }]);
  });

  it('listens on the first port that is free; with none free it does not start', async () => {
    const squatter = createServer();
    await once(squatter.listen(0, '127.0.0.1'), 'listening');
    const taken = (squatter.address() as { port: number }).port;
    const options = {
      origins: () => new Set<string>(),
      handlers: own.agent.handlers,
      isForeignPeer,
      words: wordsOf,
      report: () => {},
    };
    const spare = await startBridge({ ...options, ports: [taken, own.bridge.port, 0] });
    expect(spare.port).not.to.be.oneOf([taken, own.bridge.port]);
    await spare.close();
    const none = await startBridge({ ...options, ports: [taken, own.bridge.port] }).catch((error: unknown) => error);
    expect(none).to.be.instanceOf(AgentError).and.include({ code: 'ERR_BRIDGE_PORT_TAKEN' });
    squatter.close();
  });

  it('closes its connections with 1001 when it ends', async () => {
    const socket = await own.page();
    const code = closeCode(socket);
    own.dial();
    await own.bridge.close();
    expect(await code).to.equal(1001);
    await own.start();
  });
});
