/** The page's JSON-RPC and the agent's, joined without a WebSocket: neither needs to know what carries its texts. */
import { expect } from 'chai';
import { createClient, type Transport } from '../../../web-bridge/sdk/json-rpc.ts';
import { createAnswerer } from '../../../web-bridge/server/json-rpc.ts';
import { LIMITS } from '../../../web-bridge/server/limits.ts';
import { createSmallAgent, wordsOf } from '../../integration/small-agent.ts';

const ORIGIN = 'https://www.bank.example';

/** A connection in memory; `deliver` hands a text to the page, `drop` ends it. */
function joined(limits = {}) {
  const agent = createSmallAgent();
  const listeners: ((text: string) => void)[] = [];
  const deliver = (text: string): void => listeners.forEach((listener) => listener(text));
  let isOpen = true;
  let end = (): void => {};
  const closed = new Promise<void>((resolve) => {
    end = resolve;
  });
  const drop = (): void => {
    isOpen = false;
    end();
  };
  const service = { handlers: agent.handlers, words: wordsOf, report() {}, limits: { ...LIMITS, ...limits } };
  const answer = createAnswerer({ origin: ORIGIN, send: deliver, onClose: () => () => {} }, service);
  const transport: Transport = {
    send: (text) => {
      if (isOpen) void answer(text).then(deliver);
      return isOpen;
    },
    onMessage: (listener) => void listeners.push(listener),
    closed,
    close: drop,
  };
  return { agent, deliver, drop, client: createClient(transport) };
}

const codeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'answered',
    (error: { code?: string }) => error.code,
  );

describe('JSON-RPC over another transport', () => {
  it('a call is answered, and an event reaches the page', async () => {
    const { agent, client } = joined();
    const { enrollment } = await client.call('enroll', { order: 'an-order' });
    const states: string[] = [];
    client.onProgress(({ state }) => states.push(state));
    agent.advance(enrollment, { state: 'consented' });
    expect(states).to.deep.equal(['consented']);
    expect(agent.calls).to.deep.equal([{ method: 'enroll', origin: ORIGIN }]);
  });

  it("a failure arrives as the agent's error, with its words", async () => {
    const error: unknown = await joined()
      .client.call('enroll', { order: 'expired' })
      .catch((caught: unknown) => caught);
    expect(error).to.include({ code: 'ERR_POLICY_ORDER_EXPIRED' });
    expect(error).to.have.deep.property('words', wordsOf('ERR_POLICY_ORDER_EXPIRED'));
  });

  it('answers that come out of order reach their own calls', async () => {
    const { agent, client } = joined();
    agent.deaf = true;
    const hello = codeOf(client.call('hello', {}));
    expect(await client.call('status', {})).to.include({ token: true });
    client.close();
    expect(await hello).to.equal('ERR_SDK_DISCONNECTED');
  });

  it('calls without an answer fail when the connection ends, and so do calls after it', async () => {
    const { agent, client, drop } = joined();
    agent.deaf = true;
    const before = codeOf(client.call('hello', {}));
    drop();
    await client.closed;
    expect(await before).to.equal('ERR_SDK_DISCONNECTED');
    expect(await codeOf(client.call('hello', {}))).to.equal('ERR_SDK_DISCONNECTED');
  });

  it('an answer that breaks its schema is ERR_SDK_ANSWER_INVALID; what answers no call is passed over', async () => {
    const { agent, client, deliver } = joined();
    agent.deaf = true;
    for (const text of ['no JSON', 'null', '[]', '{"id":99,"result":{}}']) deliver(text);
    const hello = codeOf(client.call('hello', {}));
    deliver('{"jsonrpc":"2.0","id":1,"result":{"protocol":"inkan.v2","version":"1"}}');
    expect(await hello).to.equal('ERR_SDK_ANSWER_INVALID');
  });

  it('an answer over the limit of a message is not sent: the page is told ERR_INTERNAL_FAILED', async () => {
    const { client } = joined({ messageBytes: 80 });
    expect(await codeOf(client.call('status', {}))).to.equal('ERR_INTERNAL_FAILED');
  });

  it('a request beyond those at once is ERR_BRIDGE_BUSY', async () => {
    const { agent, client } = joined({ requestsAtOnce: 1 });
    agent.deaf = true;
    void codeOf(client.call('hello', {}));
    expect(await codeOf(client.call('status', {}))).to.equal('ERR_BRIDGE_BUSY');
  });
});
