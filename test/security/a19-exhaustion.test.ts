/** A19: what a page or a program can use up is bounded: messages, fragments, depth, sockets, time; with the right close codes. */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import type { WebSocket } from 'ws';
import { ask, call, codeOf, dial, handshake } from '../stage/knock.ts';
import { standTarget, type Target } from '../stage/target.ts';
import { ORIGIN } from '../stage/test-bank.ts';

const KIB = 1024;
/** RFC 6455 §7.4.1. */
const CLOSE = { protocolError: 1002, unsupported: 1003, invalidText: 1007, policy: 1008, tooBig: 1009 } as const;

describe('A19: memory and time of the agent', function () {
  this.timeout(30_000);
  let target: Target;
  before(async () => {
    target = await standTarget();
  });
  after(() => target?.leave());
  afterEach(() => expect(target.touched()).to.deep.equal({ calls: 0, dialogs: 0 }));

  it('is behind a ws with limits for fragments: 8.21 or newer', () => {
    const { version } = createRequire(import.meta.url)('ws/package.json') as { version: string };
    const [major = 0, minor = 0] = version.split('.').map(Number);
    expect(major > 8 || (major === 8 && minor >= 21)).to.equal(true);
  });

  const closeCode = async (page: WebSocket): Promise<number> => (await once(page, 'close'))[0] as number;

  const FLOODS: [string, (page: WebSocket) => void, number][] = [
    ['a message of 16 KiB and one byte', (page) => page.send('x'.repeat(16 * KIB + 1)), CLOSE.tooBig],
    ['a message of 4 MiB', (page) => page.send('x'.repeat(4 * KIB * KIB)), CLOSE.tooBig],
    [
      'fragments that are together too much',
      (page) => {
        for (let count = 0; count < 5; count += 1) page.send('x'.repeat(4_000), { fin: false });
      },
      CLOSE.tooBig,
    ],
    [
      'fragments without end',
      (page) => {
        for (let count = 0; count < 1_000; count += 1) page.send('', { fin: false });
      },
      CLOSE.policy,
    ],
    ['a binary message', (page) => page.send(Buffer.from('{}')), CLOSE.unsupported],
  ];
  for (const [name, flood, code] of FLOODS)
    it(`${name} closes with ${code}`, async () => {
      const page = await target.page();
      const closed = closeCode(page);
      flood(page);
      expect(await closed).to.equal(code);
    });

  /** A socket past the handshake, which may then say anything. */
  async function raw(change = {}): Promise<{ socket: Socket; head: string }> {
    const socket = dial(target.port);
    socket.write(handshake(target.port, ORIGIN, change));
    const [head] = (await once(socket, 'data')) as [Buffer];
    return { socket, head: head.toString() };
  }

  const FRAMES: [string, number[], number][] = [
    ['a header that announces 1 GB', [0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4], CLOSE.tooBig],
    ['a header that announces 2^62 bytes', [0x81, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4], CLOSE.tooBig],
    ['a compressed frame', [0xc1, 0x81, 0, 0, 0, 0, 0x41], CLOSE.protocolError],
    ['a frame without mask', [0x81, 0x01, 0x41], CLOSE.protocolError],
    ['a ping of more than 125 bytes', [0x89, 0xfe, 0, 0x80, 0, 0, 0, 0], CLOSE.protocolError],
    ['invalid UTF-8', [0x81, 0x81, 0, 0, 0, 0, 0xff], CLOSE.invalidText],
    ['a continuation of nothing', [0x80, 0x81, 0, 0, 0, 0, 0x41], CLOSE.protocolError],
  ];
  for (const [name, frame, code] of FRAMES)
    it(`${name} closes with ${code}, before its bytes have come`, async () => {
      const { socket } = await raw();
      const answer = once(socket, 'data');
      socket.write(Buffer.from(frame));
      expect(((await answer)[0] as Buffer).readUInt16BE(2)).to.equal(code);
      socket.destroy();
    });

  it('compression that is offered is not taken', async () => {
    const { socket, head } = await raw({ 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' });
    expect(head)
      .to.match(/^HTTP\/1\.1 101 /)
      .and.not.match(/extensions/i);
    socket.destroy();
  });

  const JSONS: [string, string, string][] = [
    [
      'deep JSON',
      `{"jsonrpc":"2.0","id":1,"method":"hello","params":${'['.repeat(7_000)}${']'.repeat(7_000)}}`,
      'MESSAGE',
    ],
    ['deep objects', `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`, 'MESSAGE'],
    ['a name twice', '{"jsonrpc":"2.0","id":1,"method":"hello","method":"enroll"}', 'MESSAGE'],
    ['a name twice, once escaped', '{"jsonrpc":"2.0","id":1,"method":"hello","\\u006dethod":"enroll"}', 'MESSAGE'],
    ['__proto__', '{"jsonrpc":"2.0","id":1,"method":"hello","__proto__":{"params":{}}}', 'MESSAGE'],
    ['__proto__ in the parameters', '{"jsonrpc":"2.0","id":1,"method":"hello","params":{"__proto__":{}}}', 'MESSAGE'],
    ['constructor', '{"jsonrpc":"2.0","id":1,"method":"hello","params":{"constructor":{}}}', 'MESSAGE'],
    ['a lone surrogate', '{"jsonrpc":"2.0","id":1,"method":"watch","params":{"enrollment":"\\ud800"}}', 'PARAMS'],
    ['a number beyond numbers', '{"jsonrpc":"2.0","id":1e999,"method":"hello"}', 'MESSAGE'],
    ['a thousand names', `{${Array.from({ length: 1_000 }, (_, index) => `"a${index}":0`).join(',')}}`, 'MESSAGE'],
  ];
  for (const [name, text, family] of JSONS)
    it(`${name}: one coded answer, and the connection lives`, async () => {
      const page = await target.page();
      // Of the processor, whoever else uses it: the bridge runs in this process.
      const before = process.cpuUsage();
      expect(await codeOf(ask(page, text))).to.equal(`ERR_BRIDGE_${family}_INVALID`);
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1_000, 'ms of the processor').to.be.lessThan(500);
      expect((await call(page, 'hello')).result['protocol']).to.equal('inkan.v1');
      page.terminate();
    });

  it('a thousand requests at once over one connection: eight are worked on, the others are BUSY or answered', async () => {
    const page = await target.page();
    page.setMaxListeners(0);
    const codes = await Promise.all(
      Array.from({ length: 1_000 }, () => codeOf(call(page, 'watch', { enrollment: 'A'.repeat(22) }))),
    );
    expect(new Set(codes)).to.satisfy((seen: Set<string>) =>
      [...seen].every((code) => /^ERR_BRIDGE_(BUSY|ENROLLMENT_UNKNOWN)$/.test(code)),
    );
    page.terminate();
  });

  it('a handshake by drips ends after five seconds, a hundred of them as well', async () => {
    const sockets = Array.from({ length: 100 }, () => dial(target.port));
    const began = performance.now();
    for (const socket of sockets) socket.write('GET / HTTP/1.1\r\nHost: ');
    const dripping = setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write('1');
    }, 250);
    await Promise.all(sockets.map(async (socket) => socket.destroyed || once(socket, 'close')));
    clearInterval(dripping);
    // Not before; and without a limit this would never end.
    expect(performance.now() - began).to.be.at.least(4_000);
  });
});
