/** Which process does what: the host that looked opens the token, a spare waits for a page's work, and nobody is left. */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mock } from 'node:test';
import { expect } from 'chai';
import type { TokenDescription } from '../../agent/ports/token.ts';
import type { TokenService } from '../../agent/token/token.ts';
import { buildFaultyModule, type FaultyModule } from '../doubles/faulty-module.ts';
import { childrenOf, isGone, until } from './processes.ts';
import { codeOf } from './token.ts';
import { PIN_CONTEXT, setUpTokenTests, type TokenSetup } from './token-setup.ts';

const MINUTE_MS = 60_000;
const calm = new AbortController().signal;
const waits = { dialogMs: 20_000, caMs: 1, pendingMs: 1, retryAtLeastMs: 1, retryAtMostMs: 1 };
const deadlines = { ...waits, token: {} };

describe('the hosts of a token', function () {
  this.timeout(30_000);
  let setup: TokenSetup;
  let faulty: FaultyModule;
  before(() => {
    setup = setUpTokenTests();
    faulty = buildFaultyModule(setup.folder, ['desk']);
    setup.writePin(faulty.pin);
  });
  afterEach(async () => {
    mock.timers.reset();
    await setup.rest();
    expect(hosts()).to.deep.equal([]);
  });
  after(() => setup.leave());

  const hosts = (): number[] => childrenOf(process.pid).filter((pid) => !isGone(pid));
  const logins = (): number => faulty.calls().filter((name) => name === 'C_Login').length;
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const hasModule = (pid: number): boolean => readFileSync(`/proc/${pid}/maps`, 'utf8').includes('faulty.so');
  async function looked(plan = ''): Promise<{ tokens: TokenService; token: TokenDescription }> {
    const tokens = setup.tokens([faulty.planned(plan)]);
    const [token] = await tokens.list(calm);
    return { tokens, token: token! };
  }

  it('are one for a whole journey: it looks, lists certificates, opens the token, and ends', async () => {
    const { tokens, token } = await looked();
    const first = hosts();
    expect(first).to.have.lengthOf(1);
    await tokens.certificates(token, calm);
    expect(hosts()).to.deep.equal(first);
    const session = await tokens.open(token, PIN_CONTEXT, deadlines, calm);
    expect(hosts()).to.deep.equal(first);
    await session.close();
    expect(hosts()).to.deep.equal([]);
  });

  it('start the module anew before they go on', async () => {
    const { tokens, token } = await looked();
    const before = faulty.calls().length;
    await tokens.certificates(token, calm);
    expect(faulty.calls().slice(before, before + 2)).to.deep.equal(['C_Finalize', 'C_Initialize']);
  });

  it('are new for each list, and the older look ends', async () => {
    const { tokens } = await looked();
    const first = hosts();
    await tokens.list(calm);
    await until('the older one is gone', () => hosts().length === 1, 5_000);
    expect(hosts()).not.to.deep.equal(first);
  });

  it('do not mind that the task of their look is over', async () => {
    const tokens = setup.tokens([faulty.planned('')]);
    const task = new AbortController();
    await tokens.list(task.signal);
    const first = hosts();
    task.abort();
    await turn();
    expect(hosts()).to.deep.equal(first);
  });

  it('give way to a new one where the module cannot be started twice', async () => {
    const { tokens, token } = await looked('C_Initialize:2:0x5');
    const first = hosts();
    const session = await tokens.open(token, PIN_CONTEXT, deadlines, calm);
    expect(hosts()).to.have.lengthOf(1).and.not.deep.equal(first);
    await session.close();
  });

  it('are not asked twice where the module hangs', async () => {
    const { tokens, token } = await looked('C_Initialize:2:hang');
    const short = { ...waits, token: { restart: 500 } };
    expect(await codeOf(tokens.open(token, PIN_CONTEXT, short, calm))).to.equal('ERR_TOKEN_HOST_TIMEOUT');
    expect(faulty.calls().filter((name) => name === 'C_Initialize')).to.have.lengthOf(2);
  });

  it('are ready for a page: one spare without a module, which does the next look', async () => {
    const tokens = setup.tokens([faulty.planned('')]);
    tokens.keepReady();
    tokens.keepReady();
    const spare = hosts();
    expect(spare).to.have.lengthOf(1);
    expect(hasModule(spare[0]!)).to.equal(false);
    await tokens.list(calm);
    expect(hosts()).to.deep.equal(spare);
    expect(hasModule(spare[0]!)).to.equal(true);
  });

  it('have no spare started beside one at work; its end brings it', async () => {
    const { tokens, token } = await looked();
    const session = await tokens.open(token, PIN_CONTEXT, deadlines, calm);
    const atWork = hosts();
    tokens.keepReady();
    expect(hosts()).to.deep.equal(atWork);
    await session.close();
    expect(hosts()).to.have.lengthOf(1).and.not.deep.equal(atWork);
  });

  for (const [name, begin] of [
    ['a spare', async () => setup.tokens([faulty.planned('')]).keepReady()],
    ['one that rests', looked],
  ] as const)
    it(`end after a minute without work: ${name}`, async () => {
      mock.timers.enable({ apis: ['setTimeout'] });
      await begin();
      mock.timers.tick(MINUTE_MS - 1);
      await turn();
      expect(hosts()).to.have.lengthOf(1);
      mock.timers.tick(1);
      while (hosts().length > 0) await turn();
    });

  it('end after a minute without work: one that is logged in, for a slow bank too; the next work asks for the PIN', async () => {
    const { tokens, token } = await looked();
    mock.timers.enable({ apis: ['setTimeout'] });
    const session = await tokens.open(token, PIN_CONTEXT, deadlines, calm);
    const ckaId = randomBytes(16);
    const key = await session.generate({ ckaId, label: 'desk', keys: ['ec-p256'] });
    mock.timers.tick(MINUTE_MS - 1);
    await turn();
    expect(hosts()).to.have.lengthOf(1);
    const before = logins();
    mock.timers.tick(1);
    while (hosts().length > 0) await turn();

    const reference = { ckaId, spki: key.spki, keyType: key.keyType };
    const certificate = setup.certify(key.spki, '/CN=desk');
    setup.script({ pin: 'cancel' });
    expect(await codeOf(session.store(reference, certificate, [], 'desk'))).to.equal('ERR_USER_PIN_CANCELLED');
    setup.script({});
    await session.store(reference, certificate, [], 'desk');
    await session.prove(reference, certificate, randomBytes(32));
    expect(logins() - before).to.equal(2);
    await session.close();
    expect(hosts()).to.deep.equal([]);
  });
});
