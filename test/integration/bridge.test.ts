import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { WebSocket } from 'ws';
import type { ErrorData } from '../../web-bridge/protocol/envelope.ts';
import { AgentError, type ErrorDetails } from '../../web-bridge/protocol/errors.ts';
import { type Bridge, type BridgeOptions, startBridge } from '../../web-bridge/server/server.ts';
import { createSmallAgent, errorOf, type SmallAgent, wordsOf } from './small-agent.ts';

const ORIGIN = 'https://www.bank.example';
const OTHER = 'https://www.other.example';
const REFUSAL = 'HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
const MALFORMED = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/** What the bridge sends: of `result` and `error` one is there. */
type Answer = {
  jsonrpc: string;
  id: number | null;
  result: Record<string, string>;
  error: { code: number; message: string; data: ErrorData };
};

describe('bridge', () => {
  let agent: SmallAgent;
  let bridge: Bridge;
  let reports: { what: string; facts: ErrorDetails; cause: unknown }[];
  const sockets: (Socket | WebSocket)[] = [];

  async function start(options: Partial<BridgeOptions> = {}): Promise<void> {
    agent = createSmallAgent();
    reports = [];
    bridge = await startBridge({
      ports: [0],
      origins: () => new Set([ORIGIN, OTHER]),
      handlers: agent.handlers,
      words: wordsOf,
      report: (what, facts, cause) => void reports.push({ what, facts, cause }),
      ...options,
    });
  }

  async function restart(limits: NonNullable<BridgeOptions['limits']>): Promise<void> {
    await bridge.close();
    await start({ limits });
  }

  beforeEach(() => start());
  afterEach(async () => {
    for (const socket of sockets.splice(0)) 'terminate' in socket ? socket.terminate() : socket.destroy();
    await bridge.close();
  });

  function dial(host = '127.0.0.1'): Socket {
    const socket = connect({ port: bridge.port, host });
    socket.on('error', () => {});
    sockets.push(socket);
    return socket;
  }

  /** Sends bytes as they are and reads until the other side ends. */
  async function raw(bytes: string): Promise<string> {
    const socket = dial();
    let answer = '';
    socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
    socket.write(bytes, 'latin1');
    await once(socket, 'close');
    return answer;
  }

  type Change = Record<string, string | string[] | undefined>;
  function handshake(change: Change = {}, line = 'GET / HTTP/1.1'): string {
    const headers: Change = {
      Host: `127.0.0.1:${bridge.port}`,
      Origin: ORIGIN,
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Protocol': 'inkan.v1',
      ...change,
    };
    const lines = Object.entries(headers).flatMap(([name, value]) => [value ?? []].flat().map((v) => `${name}: ${v}`));
    return [line, ...lines, '', ''].join('\r\n');
  }

  function page(origin = ORIGIN): WebSocket {
    const socket = new WebSocket(`ws://127.0.0.1:${bridge.port}`, 'inkan.v1', { origin, perMessageDeflate: false });
    sockets.push(socket);
    return socket;
  }

  async function opened(origin?: string): Promise<WebSocket> {
    const socket = page(origin);
    await once(socket, 'open');
    return socket;
  }

  async function ask(socket: WebSocket, message: unknown): Promise<Answer> {
    const answer = once(socket, 'message');
    socket.send(typeof message === 'string' ? message : JSON.stringify(message));
    return JSON.parse(String((await answer)[0])) as Answer;
  }

  const call = (socket: WebSocket, method: string, params: object = {}, id = 1) =>
    ask(socket, { jsonrpc: '2.0', id, method, params });
  async function enrolled(socket: WebSocket): Promise<{ enrollment: string }> {
    const { result } = await call(socket, 'enroll', { order: 'an-order' });
    return { enrollment: result['enrollment'] ?? '' };
  }
  const closeCode = async (socket: WebSocket): Promise<number> => (await once(socket, 'close'))[0] as number;

  describe('the gate', () => {
    it('answers an allowed handshake with 101, our subprotocol and no extension', async () => {
      const socket = dial();
      socket.write(handshake({ 'Sec-WebSocket-Extensions': 'permessage-deflate' }));
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
        const answer = await raw(handshake(...change(bridge.port)));
        // Node itself refuses two Hosts and no Host.
        expect(answer).to.be.oneOf(name === 'two Hosts' ? [REFUSAL, MALFORMED] : [REFUSAL]);
        expect(agent.calls).to.deep.equal([]);
      });
    }

    it('no Host at all is refused', async () => {
      expect(await raw(handshake({ Host: undefined }))).to.match(/^HTTP\/1\.1 40[03] [\w ]+\r\n/);
    });

    it('100 KB of Origin end before the upgrade', async () => {
      const answer = await raw(handshake({ Origin: `https://${'a'.repeat(100_000)}.example` }));
      expect(answer).to.be.oneOf([MALFORMED, '']);
    });

    it('says the same to a stranger whatever the agent is doing', async () => {
      const before = await raw(handshake({ Origin: 'https://evil.example' }));
      const socket = await opened();
      await call(socket, 'enroll', { order: 'an-order' });
      expect(await raw(handshake({ Origin: 'https://evil.example' }))).to.equal(before);
    });

    it('asks for the list of origins each time', async () => {
      const origins = new Set<string>();
      await bridge.close();
      await start({ origins: () => origins });
      expect(await raw(handshake())).to.equal(REFUSAL);
      origins.add(ORIGIN);
      await opened();
    });

    it('reports a reason once, not a flood', async () => {
      for (let count = 0; count < 20; count += 1) await raw(handshake({ Origin: 'https://evil.example' }));
      expect(reports).to.deep.equal([{ what: 'refused', facts: { reason: 'origin', count: 1 }, cause: undefined }]);
    });
  });

  describe('where it listens', () => {
    it('is the first port that is free; with none free it does not start', async () => {
      const squatter = createServer();
      await once(squatter.listen(0, '127.0.0.1'), 'listening');
      const taken = (squatter.address() as { port: number }).port;
      const options = { origins: () => new Set<string>(), handlers: agent.handlers, words: wordsOf, report: () => {} };
      const spare = await startBridge({ ...options, ports: [taken, bridge.port, 0] });
      expect(spare.port).not.to.be.oneOf([taken, bridge.port]);
      await spare.close();
      const none = await startBridge({ ...options, ports: [taken, bridge.port] }).catch((error: unknown) => error);
      expect(none).to.be.instanceOf(AgentError).and.include({ code: 'ERR_BRIDGE_PORT_TAKEN' });
      squatter.close();
    });
  });

  describe('messages', () => {
    const CODES: [string, unknown, string, number, number | null][] = [
      ['no JSON', '{', 'ERR_BRIDGE_MESSAGE_INVALID', -32600, null],
      ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"hello"}]', 'ERR_BRIDGE_MESSAGE_INVALID', -32600, null],
      [
        'a strange member',
        { jsonrpc: '2.0', id: 1, method: 'hello', pin: '1' },
        'ERR_BRIDGE_MESSAGE_INVALID',
        -32600,
        null,
      ],
      ['no id', { jsonrpc: '2.0', method: 'hello' }, 'ERR_BRIDGE_MESSAGE_INVALID', -32600, null],
      ['a name twice', '{"jsonrpc":"2.0","id":1,"id":2,"method":"hello"}', 'ERR_BRIDGE_MESSAGE_INVALID', -32600, null],
      [
        '__proto__',
        '{"jsonrpc":"2.0","id":1,"method":"hello","__proto__":{}}',
        'ERR_BRIDGE_MESSAGE_INVALID',
        -32600,
        null,
      ],
      [
        'deep JSON',
        `{"jsonrpc":"2.0","id":1,"method":"hello","params":${'['.repeat(7_000)}${']'.repeat(7_000)}}`,
        'ERR_BRIDGE_MESSAGE_INVALID',
        -32600,
        null,
      ],
      ['an unknown method', { jsonrpc: '2.0', id: 1, method: 'sign' }, 'ERR_BRIDGE_METHOD_UNKNOWN', -32601, 1],
      ['an inherited method', { jsonrpc: '2.0', id: 1, method: 'constructor' }, 'ERR_BRIDGE_METHOD_UNKNOWN', -32601, 1],
      [
        'strange params',
        { jsonrpc: '2.0', id: 1, method: 'hello', params: { pin: '1' } },
        'ERR_BRIDGE_PARAMS_INVALID',
        -32602,
        1,
      ],
      [
        'an order too long',
        { jsonrpc: '2.0', id: 1, method: 'enroll', params: { order: 'x'.repeat(12_289) } },
        'ERR_BRIDGE_PARAMS_INVALID',
        -32602,
        1,
      ],
    ];
    for (const [name, message, code, rpcCode, id] of CODES) {
      it(`${name}: ${code}, with words`, async () => {
        const answer = await ask(await opened(), message);
        expect(answer).to.deep.include({ jsonrpc: '2.0', id });
        expect(answer.error).to.deep.include({ code: rpcCode, message: code });
        expect(answer.error.data.words.ja.what).to.include(code);
        expect(agent.calls).to.deep.equal([]);
      });
    }

    it('any text has one answer, and an unknown one reaches no handler', async () => {
      const socket = await opened();
      const request = fc.record(
        {
          jsonrpc: fc.constant('2.0'),
          id: fc.oneof(fc.nat(), fc.jsonValue()),
          method: fc.string(),
          params: fc.jsonValue(),
        },
        { requiredKeys: ['jsonrpc'] },
      );
      const text = fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.json(),
        request.map((value) => JSON.stringify(value)),
      );
      await fc.assert(
        fc.asyncProperty(text, async (message) => {
          const { error } = await ask(socket, message);
          return /^ERR_BRIDGE_(MESSAGE_INVALID|METHOD_UNKNOWN|PARAMS_INVALID)$/.test(error.data.code);
        }),
        { numRuns: 1_000 },
      );
      expect(agent.calls).to.deep.equal([]);
    }).timeout(10_000);

    it('a lone surrogate stays a text that no schema takes', async () => {
      const answer = await ask(
        await opened(),
        '{"jsonrpc":"2.0","id":1,"method":"watch","params":{"enrollment":"\\ud800"}}',
      );
      expect(answer.error.data.code).to.equal('ERR_BRIDGE_PARAMS_INVALID');
    });

    it("tells a handler's error by its code and keeps its cause", async () => {
      const answer = await call(await opened(), 'enroll', { order: 'expired' });
      expect(answer.error).to.deep.include({ code: -32000, message: 'ERR_POLICY_ORDER_EXPIRED' });
      expect(JSON.stringify(answer)).not.to.include('not for the page');
      expect(reports.at(-1)?.cause).to.be.instanceOf(Error);
    });

    it('what nobody translated is our own fault, without its text', async () => {
      const answer = await call(await opened(), 'authenticate', { order: 'x' });
      expect(answer.error.data.code).to.equal('ERR_INTERNAL_FAILED');
      expect(JSON.stringify(answer)).not.to.include('secret');
    });

    it('sends no result that breaks its schema', async () => {
      const answer = await call(await opened(), 'remove', { order: 'x' });
      expect(answer.error.data).to.include({ code: 'ERR_INTERNAL_FAILED' });
    });

    it('gives handlers the origin of the handshake, and pages the events of their own', async () => {
      const [mine, theirs] = [await opened(ORIGIN), await opened(OTHER)];
      const { enrollment } = await enrolled(mine);
      const refused = await call(theirs, 'watch', { enrollment });
      expect(refused.error.data.code).to.equal('ERR_BRIDGE_ENROLLMENT_UNKNOWN');
      const event = once(mine, 'message');
      agent.advance(enrollment, { state: 'consented' });
      expect(JSON.parse(String((await event)[0]))).to.deep.equal({
        jsonrpc: '2.0',
        method: 'progress',
        params: { enrollment, state: 'consented' },
      });
      expect(agent.calls.map(({ origin }) => origin)).to.deep.equal([ORIGIN, OTHER]);
    });

    it('tells a handler when its page has gone', async () => {
      const socket = await opened();
      const { enrollment } = await enrolled(socket);
      socket.close();
      await once(socket, 'close');
      const { watchers } = agent.enrollments.get(enrollment)!;
      for (let tries = 0; tries < 100 && watchers.size > 0; tries += 1) await sleep(20);
      expect(watchers.size).to.equal(0);
    });
  });

  describe('limits', () => {
    it('a message over 16 KiB closes with 1009', async () => {
      const socket = await opened();
      socket.send('x'.repeat(16 * 1024 + 1));
      expect(await closeCode(socket)).to.equal(1009);
    });

    it('fragments of one message that are too many close with 1008', async () => {
      const socket = await opened();
      for (let count = 0; count < 40; count += 1) socket.send('x', { fin: false });
      expect(await closeCode(socket)).to.equal(1008);
    });

    it('fragments together over 16 KiB close with 1009', async () => {
      const socket = await opened();
      for (let count = 0; count < 5; count += 1) socket.send('x'.repeat(4_000), { fin: false });
      expect(await closeCode(socket)).to.equal(1009);
    });

    it('a message in a few fragments is read', async () => {
      const socket = await opened();
      const answer = once(socket, 'message');
      socket.send('{"jsonrpc":"2.0","id":1,', { fin: false });
      socket.send('"method":"hello"}', { fin: true });
      expect(String((await answer)[0])).to.include('inkan.v1');
    });

    it('a binary message closes with 1003', async () => {
      const socket = await opened();
      socket.send(Buffer.from('{"jsonrpc":"2.0","id":1,"method":"hello"}'));
      expect(await closeCode(socket)).to.equal(1003);
    });

    it('a header that announces 1 GB closes with 1009 at once', async () => {
      const socket = dial();
      socket.write(handshake());
      await once(socket, 'data');
      const answer = once(socket, 'data');
      socket.write(Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4]));
      expect(((await answer)[0] as Buffer).readUInt16BE(2)).to.equal(1009);
    });

    it('invalid UTF-8 closes with 1007, a frame without mask with 1002', async () => {
      for (const [frame, code] of [
        [[0x81, 0x81, 0, 0, 0, 0, 0xff], 1007],
        [[0x81, 0x01, 0x41], 1002],
      ] as const) {
        const socket = dial();
        socket.write(handshake());
        await once(socket, 'data');
        const answer = once(socket, 'data');
        socket.write(Buffer.from(frame));
        expect(((await answer)[0] as Buffer).readUInt16BE(2)).to.equal(code);
      }
    });

    it('requests beyond those at once are BUSY', async () => {
      await bridge.close();
      const agent = createSmallAgent();
      await start({ handlers: { ...agent.handlers, hello: () => new Promise(() => {}) } });
      const socket = await opened();
      for (let id = 0; id < 8; id += 1) socket.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'hello' }));
      expect((await call(socket, 'status', {}, 9)).error.data.code).to.equal('ERR_BRIDGE_BUSY');
    });

    it('a page that sends nothing for too long is let go; a message counts, a pong does not', async () => {
      await restart({ quietMs: 150 });
      const [quiet, ponging, talking] = [await opened(), await opened(), await opened()];
      const timer = setInterval(() => {
        ponging.pong();
        talking.send('{"jsonrpc":"2.0","id":1,"method":"hello"}');
      }, 40);
      expect(await Promise.all([closeCode(quiet), closeCode(ponging)])).to.deep.equal([1001, 1001]);
      expect(talking.readyState).to.equal(WebSocket.OPEN);
      clearInterval(timer);
    });

    it('a page that does not read is cut off', async () => {
      await restart({ unreadBytes: 64 * 1024 });
      const socket = dial();
      socket.write(handshake());
      await once(socket, 'data');
      const { enrollment } = await enrolled(await opened());
      const text = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'watch', params: { enrollment } }));
      socket.write(Buffer.concat([Buffer.from([0x81, 0xfe, 0, text.length, 0, 0, 0, 0]), text]));
      await once(socket, 'data');
      socket.pause();
      const watchers = agent.enrollments.get(enrollment)?.watchers ?? new Set();
      expect(watchers.size).to.equal(2);
      const waits = { state: 'csr-signed', error: errorOf('ERR_CA_UNREACHABLE') } as const;
      const cutOff = (): boolean => watchers.size < 2;
      for (let count = 0; count < 20_000 && !cutOff(); count += 1) {
        agent.advance(enrollment, waits);
        if (count % 200 === 0) await sleep(1);
      }
      expect(watchers.size).to.equal(1);
    }).timeout(10_000);

    it('connections are capped for an origin, and another origin still comes in', async () => {
      await restart({ connectionsPerOrigin: 2 });
      await opened();
      await opened();
      expect(await raw(handshake())).to.match(/^HTTP\/1\.1 503 .*\r\nConnection: close\r\nContent-Length: 0\r\n\r\n$/);
      await opened(OTHER);
    });

    it('connections are capped in all, and one that ends makes room', async () => {
      await restart({ connections: 2 });
      await opened();
      const second = await opened(OTHER);
      expect(await raw(handshake())).to.match(/^HTTP\/1\.1 503 /);
      second.close();
      await once(second, 'close');
      // The server hears of it a moment later.
      await sleep(300);
      await opened();
    });

    it('a silent socket may stay; one that has begun must come to the point', async () => {
      await restart({ headersMs: 200 });
      const [silent, slow] = [dial(), dial()];
      slow.write('GET / HTTP/1.1\r\nHost: ');
      const dripping = setInterval(() => slow.write('1'), 50);
      const began = performance.now();
      await once(slow, 'close');
      clearInterval(dripping);
      expect(performance.now() - began).to.be.lessThan(2_000);
      await sleep(1_200);
      expect(silent.readyState).to.equal('open');
      silent.write(handshake());
      expect(String((await once(silent, 'data'))[0])).to.match(/^HTTP\/1\.1 101 /);
      expect(reports).to.deep.equal([]);
    }).timeout(5_000);

    it('a socket that stays silent for too long is let go', async () => {
      await restart({ silentMs: 200 });
      await once(dial(), 'close');
      expect(reports).to.deep.equal([]);
    });

    it('at the cap the oldest silent socket gives way', async () => {
      await restart({ waitingSockets: 3 });
      const three = [];
      for (let count = 0; count < 3; count += 1) {
        three.push(dial());
        await once(three.at(-1) as Socket, 'connect');
      }
      const gone = once(three[0] as Socket, 'close');
      await opened();
      await gone;
      expect(three.slice(1).map(({ readyState }) => readyState)).to.deep.equal(['open', 'open']);
    });
  });

  it('closes its connections with 1001 when it ends', async () => {
    const socket = await opened();
    const code = closeCode(socket);
    dial();
    await bridge.close();
    expect(await code).to.equal(1001);
    await start();
  });
});
