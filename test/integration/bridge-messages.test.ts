/** What a page that came in may say, and what it is answered. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { ask, call } from '../stage/knock.ts';
import { enrolled, ORIGIN, OTHER, ownBridge } from './own-bridge.ts';

describe("the bridge's messages", () => {
  const own = ownBridge();

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
      const answer = await ask(await own.page(), message);
      expect(answer).to.deep.include({ jsonrpc: '2.0', id });
      expect(answer.error).to.deep.include({ code: rpcCode, message: code });
      expect(answer.error.data.words.ja.what).to.include(code);
      expect(own.agent.calls).to.deep.equal([]);
    });
  }

  it('any text has one answer, and an unknown one reaches no handler', async () => {
    const socket = await own.page();
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
    expect(own.agent.calls).to.deep.equal([]);
  }).timeout(10_000);

  it('a lone surrogate stays a text that no schema takes', async () => {
    const answer = await ask(
      await own.page(),
      '{"jsonrpc":"2.0","id":1,"method":"watch","params":{"enrollment":"\\ud800"}}',
    );
    expect(answer.error.data.code).to.equal('ERR_BRIDGE_PARAMS_INVALID');
  });

  it("tells a handler's error by its code and keeps its cause", async () => {
    const answer = await call(await own.page(), 'enroll', { order: 'expired' });
    expect(answer.error).to.deep.include({ code: -32000, message: 'ERR_POLICY_ORDER_EXPIRED' });
    expect(JSON.stringify(answer)).not.to.include('not for the page');
    expect(own.reports.at(-1)?.cause).to.be.instanceOf(Error);
  });

  it('what nobody translated is our own fault, without its text', async () => {
    const answer = await call(await own.page(), 'authenticate', { order: 'x' });
    expect(answer.error.data.code).to.equal('ERR_INTERNAL_FAILED');
    expect(JSON.stringify(answer)).not.to.include('secret');
  });

  it('sends no result that breaks its schema', async () => {
    const answer = await call(await own.page(), 'remove', { order: 'x' });
    expect(answer.error.data).to.include({ code: 'ERR_INTERNAL_FAILED' });
  });

  it('gives handlers the origin of the handshake, and pages the events of their own', async () => {
    const [mine, theirs] = [await own.page(ORIGIN), await own.page(OTHER)];
    const enrollment = await enrolled(mine);
    const refused = await call(theirs, 'watch', { enrollment });
    expect(refused.error.data.code).to.equal('ERR_BRIDGE_ENROLLMENT_UNKNOWN');
    const event = once(mine, 'message');
    own.agent.advance(enrollment, { state: 'consented' });
    expect(JSON.parse(String((await event)[0]))).to.deep.equal({
      jsonrpc: '2.0',
      method: 'progress',
      params: { enrollment, state: 'consented' },
    });
    expect(own.agent.calls.map(({ origin }) => origin)).to.deep.equal([ORIGIN, OTHER]);
  });

  it('tells a handler when its page has gone', async () => {
    const socket = await own.page();
    const enrollment = await enrolled(socket);
    socket.close();
    await once(socket, 'close');
    const { watchers } = own.agent.enrollments.get(enrollment)!;
    for (let tries = 0; tries < 500 && watchers.size > 0; tries += 1) await sleep(20);
    expect(watchers.size).to.equal(0);
  });
});
