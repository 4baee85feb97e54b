/** A login state does not wait for a slow bank: the host ends after a minute without work, and the write-back asks again. */
import { randomBytes } from 'node:crypto';
import { mock } from 'node:test';
import { expect } from 'chai';
import { buildFaultyModule, type FaultyModule } from '../doubles/faulty-module.ts';
import { type Desk, PIN_CONTEXT, stageDesk } from './desk.ts';
import { childrenOf, isGone } from './processes.ts';
import { codeOf } from './token.ts';

const MINUTE_MS = 60_000;
const calm = new AbortController().signal;
const deadlines = { dialogMs: 20_000, caMs: 1, pendingMs: 1, retryAtLeastMs: 1, retryAtMostMs: 1, token: {} };

describe('a token host without work', function () {
  this.timeout(30_000);
  let desk: Desk;
  let faulty: FaultyModule;
  before(() => {
    desk = stageDesk();
    faulty = buildFaultyModule(desk.folder, ['desk']);
    desk.writePin(faulty.pin);
  });
  afterEach(() => mock.timers.reset());
  after(() => desk.leave());

  const hosts = (): number[] => childrenOf(process.pid).filter((pid) => !isGone(pid));
  const logins = (): number => faulty.calls().filter((name) => name === 'C_Login').length;
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('ends after a minute, and not before; the next work starts another, which asks for the PIN', async () => {
    const tokens = desk.tokens([faulty.planned('')]);
    const [token] = await tokens.list(calm);
    mock.timers.enable({ apis: ['setTimeout'] });
    const session = await tokens.open(token!, PIN_CONTEXT, deadlines, calm);
    const ckaId = randomBytes(16);
    const key = await session.generate({ ckaId, label: 'desk', keys: ['ec-p256'] });
    mock.timers.tick(MINUTE_MS - 1);
    await turn();
    expect(hosts()).to.have.lengthOf(1);
    expect(logins()).to.equal(1);
    mock.timers.tick(1);
    while (hosts().length > 0) await turn();

    const reference = { ckaId, spki: key.spki, keyType: key.keyType };
    const certificate = desk.certify(key.spki, '/CN=desk');
    desk.script({ pin: 'cancel' });
    expect(await codeOf(session.store(reference, certificate, [], 'desk'))).to.equal('ERR_USER_PIN_CANCELLED');
    desk.script({});
    await session.store(reference, certificate, [], 'desk');
    await session.prove(reference, certificate, randomBytes(32));
    expect(logins()).to.equal(3);
    await session.close();
    expect(hosts()).to.deep.equal([]);
  });
});
