/** A18: nobody is worn down by dialogs: strangers raise none, a page that was refused three times has to wait. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { createNonce } from '../../web-bridge/bank/login.ts';
import { call, dial, handshake, knock, REFUSAL } from '../stage/knock.ts';
import { loginClaims, OTHER_ORIGIN, standTarget, type Target } from '../stage/target.ts';

/** A page of a strange origin that opens a WebSocket a thousand times a second. */
const FLOOD = `
  const { connect } = require('net');
  const port = Number(process.argv[1]);
  const head = 'GET / HTTP/1.1\\r\\nHost: 127.0.0.1:' + port + '\\r\\nOrigin: https://evil.example\\r\\nUpgrade: websocket\\r\\n'
    + 'Connection: Upgrade\\r\\n\\r\\n';
  setInterval(() => {
    for (let count = 0; count < 50; count += 1) connect(port, '127.0.0.1').on('error', () => {}).resume().end(head);
    console.log('fifty more');
  }, 50);
`;

describe('A18: dialogs and connections by the thousand', function () {
  this.timeout(60_000);
  let target: Target;
  beforeEach(async () => {
    target = await standTarget();
  });
  afterEach(() => target?.leave());

  it('refused origins raise no dialog and no token call', async () => {
    const order = await target.bank.order();
    const message = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'enroll', params: { order } }));
    for (let count = 0; count < 200; count += 1) {
      // The message right behind the handshake, as a page would that hopes to be let in.
      const bytes = handshake(target.port, 'https://evil.example') + message.toString('latin1');
      expect(await knock(target.port, bytes)).to.be.oneOf([REFUSAL, '']);
    }
    expect(target.touched()).to.deep.equal({ calls: 0, dialogs: 0 });
  });

  it('after three refusals by the human the page has to wait, for every purpose; the other bank does not', async () => {
    const { bank, other, dialogs, agent } = target;
    dialogs.answer('refuse');
    for (let count = 0; count < 3; count += 1) {
      const page = await target.page();
      const { result } = await call(page, 'enroll', { order: await bank.order() });
      const standing = await agent.enrollments.settled(result['enrollment'] ?? '', 'owner');
      expect(standing.error?.code).to.equal('ERR_USER_REFUSED');
    }
    expect(target.touched().dialogs).to.equal(3);
    await target.forget();
    for (let count = 0; count < 25; count += 1)
      expect(await target.refusal('enroll', { order: await bank.order() })).to.equal('ERR_POLICY_COOL_DOWN');
    const login = await target.forge(loginClaims(bank, createNonce()));
    expect(await target.refusal('authenticate', { order: login })).to.equal('ERR_POLICY_COOL_DOWN');
    expect(target.touched()).to.deep.equal({ calls: 0, dialogs: 0 });
    const theirs = await other.order({ origin: OTHER_ORIGIN });
    expect(await target.refusal('enroll', { order: theirs }, OTHER_ORIGIN)).to.equal('not refused');
  });

  it('a thousand strangers a second, and a thousand silent sockets, leave the bank served within a second', async () => {
    const silent = Array.from({ length: 1_000 }, () => dial(target.port));
    const env = { PATH: process.env['PATH'] };
    const flood = spawn(process.execPath, ['-e', FLOOD, String(target.port)], {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(flood.stdout, 'data');
    const waits: number[] = [];
    for (let count = 0; count < 8; count += 1) {
      await sleep(200);
      const began = performance.now();
      expect(await target.refusal('hello', {})).to.equal('not refused');
      waits.push(performance.now() - began);
    }
    flood.kill();
    for (const socket of silent) socket.destroy();
    console.log(`      served in ${waits.map((ms) => Math.round(ms)).join(', ')} ms`);
    expect(Math.max(...waits)).to.be.lessThan(1_000);
    expect(target.touched()).to.deep.equal({ calls: 0, dialogs: 0 });
  });
});
