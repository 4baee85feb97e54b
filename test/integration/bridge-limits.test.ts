/** How much of what a page may send, hold open or leave unread. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { until } from '../contract/processes.ts';
import { call } from '../stage/knock.ts';
import { closeCode, enrolled, OTHER, ownBridge } from './own-bridge.ts';
import { errorOf } from './small-agent.ts';

describe("the bridge's limits", () => {
  const own = ownBridge();

  it('a message over 16 KiB closes with 1009', async () => {
    const socket = await own.page();
    socket.send('x'.repeat(16 * 1024 + 1));
    expect(await closeCode(socket)).to.equal(1009);
  });

  it('fragments of one message that are too many close with 1008', async () => {
    const socket = await own.page();
    for (let count = 0; count < 40; count += 1) socket.send('x', { fin: false });
    expect(await closeCode(socket)).to.equal(1008);
  });

  it('fragments together over 16 KiB close with 1009', async () => {
    const socket = await own.page();
    for (let count = 0; count < 5; count += 1) socket.send('x'.repeat(4_000), { fin: false });
    expect(await closeCode(socket)).to.equal(1009);
  });

  it('a message in a few fragments is read', async () => {
    const socket = await own.page();
    const answer = once(socket, 'message');
    socket.send('{"jsonrpc":"2.0","id":1,', { fin: false });
    socket.send('"method":"hello"}', { fin: true });
    expect(String((await answer)[0])).to.include('inkan.v1');
  });

  it('a binary message closes with 1003', async () => {
    const socket = await own.page();
    socket.send(Buffer.from('{"jsonrpc":"2.0","id":1,"method":"hello"}'));
    expect(await closeCode(socket)).to.equal(1003);
  });

  it('a header that announces 1 GB closes with 1009 at once', async () => {
    const socket = await own.dialThrough();
    const answer = once(socket, 'data');
    socket.write(Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4]));
    expect(((await answer)[0] as Buffer).readUInt16BE(2)).to.equal(1009);
  });

  it('invalid UTF-8 closes with 1007, a frame without mask with 1002', async () => {
    for (const [frame, code] of [
      [[0x81, 0x81, 0, 0, 0, 0, 0xff], 1007],
      [[0x81, 0x01, 0x41], 1002],
    ] as const) {
      const socket = await own.dialThrough();
      const answer = once(socket, 'data');
      socket.write(Buffer.from(frame));
      expect(((await answer)[0] as Buffer).readUInt16BE(2)).to.equal(code);
    }
  });

  it('requests beyond those at once are BUSY', async () => {
    await own.restart({ handlers: { ...own.agent.handlers, hello: () => new Promise(() => {}) } });
    const socket = await own.page();
    for (let id = 0; id < 8; id += 1) socket.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'hello' }));
    expect((await call(socket, 'status')).error.data.code).to.equal('ERR_BRIDGE_BUSY');
  });

  it('a page that sends nothing for too long is let go; a message counts, a pong does not', async () => {
    await own.restart({ limits: { quietMs: 800 } });
    const [quiet, ponging, talking] = [await own.page(), await own.page(), await own.page()];
    const timer = setInterval(() => {
      ponging.pong();
      talking.send('{"jsonrpc":"2.0","id":1,"method":"hello"}');
    }, 100);
    expect(await Promise.all([closeCode(quiet), closeCode(ponging)])).to.deep.equal([1001, 1001]);
    expect(talking.readyState).to.equal(WebSocket.OPEN);
    clearInterval(timer);
  });

  it('a page that does not read is cut off', async () => {
    await own.restart({ limits: { unreadBytes: 64 * 1024 } });
    const socket = await own.dialThrough();
    const enrollment = await enrolled(await own.page());
    const text = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'watch', params: { enrollment } }));
    socket.write(Buffer.concat([Buffer.from([0x81, 0xfe, 0, text.length, 0, 0, 0, 0]), text]));
    await once(socket, 'data');
    socket.pause();
    const watchers = own.agent.enrollments.get(enrollment)?.watchers ?? new Set();
    expect(watchers.size).to.equal(2);
    const waits = { state: 'csr-signed', error: errorOf('ERR_CA_UNREACHABLE') } as const;
    const cutOff = (): boolean => watchers.size < 2;
    for (let count = 0; count < 20_000 && !cutOff(); count += 1) {
      own.agent.advance(enrollment, waits);
      if (count % 200 === 0) await sleep(1);
    }
    expect(watchers.size).to.equal(1);
  }).timeout(10_000);

  it('connections are capped for an origin, and another origin still comes in', async () => {
    await own.restart({ limits: { connectionsPerOrigin: 2 } });
    await own.page();
    await own.page();
    expect(await own.knock(own.handshake())).to.match(
      /^HTTP\/1\.1 503 .*\r\nConnection: close\r\nContent-Length: 0\r\n\r\n$/,
    );
    await own.page(OTHER);
  });

  it('connections are capped in all, and one that ends makes room', async () => {
    await own.restart({ limits: { connections: 2 } });
    await own.page();
    const second = await own.page(OTHER);
    expect(await own.knock(own.handshake())).to.match(/^HTTP\/1\.1 503 /);
    second.close();
    await once(second, 'close');
    // The server hears of it a moment later.
    const comesIn = () => own.page().then(Boolean, () => false);
    await until('there is room again', comesIn, 10_000);
  });

  it('a silent socket may stay; one that has begun must come to the point', async () => {
    await own.restart({ limits: { headersMs: 200 } });
    const silent = own.dial();
    await once(silent, 'connect');
    // Two that have begun, one after the other: the silent one is older than either was at its end.
    for (let count = 0; count < 2; count += 1) {
      const slow = own.dial();
      slow.write('GET / HTTP/1.1\r\nHost: ');
      const dripping = setInterval(() => slow.write('1'), 50);
      await once(slow, 'close');
      clearInterval(dripping);
    }
    expect(silent.readyState).to.equal('open');
    silent.write(own.handshake());
    expect(String((await once(silent, 'data'))[0])).to.match(/^HTTP\/1\.1 101 /);
    expect(own.reports).to.deep.equal([]);
  }).timeout(20_000);

  it('a socket that stays silent for too long is let go', async () => {
    await own.restart({ limits: { silentMs: 200 } });
    await once(own.dial(), 'close');
    expect(own.reports).to.deep.equal([]);
  });

  it('at the cap the oldest silent socket gives way', async () => {
    await own.restart({ limits: { pendingSockets: 3 } });
    const three = [];
    for (let count = 0; count < 3; count += 1) {
      three.push(own.dial());
      await once(three.at(-1) as Socket, 'connect');
    }
    const gone = once(three[0] as Socket, 'close');
    await own.page();
    await gone;
    expect(three.slice(1).map(({ readyState }) => readyState)).to.deep.equal(['open', 'open']);
  });
});
