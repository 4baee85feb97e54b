/** A vendor's module that aborts, hangs, prints or fails in the middle: the agent lives, says what happened, leaves nothing. */

import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { expect } from 'chai';
import type { Plan } from '../../agent/ports/plan.ts';
import type { KeyReference, TokenDescription, TokenSession } from '../../agent/ports/token.ts';
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { buildFaultyModule, type FaultyModule } from '../doubles/faulty-module.ts';
import { childrenOf, isGone, until } from './processes.ts';
import { codeOf } from './token.ts';
import { PIN_CONTEXT, requestInfo, setUpTokenTests, type TokenSetup, witness } from './token-setup.ts';

const calm = new AbortController().signal;
const SHORT_MS = 500;
/** A token for each journey under way at once: most of the time is waiting. */
const LANES = ['desk', 'second', 'third', 'fourth'];
/** Long enough for a start on a busy machine, short enough to wait for where the module hangs. */
const SHORT = {
  start: 2000,
  list: SHORT_MS,
  login: SHORT_MS,
  generate: 1500,
  sign: SHORT_MS,
  write: SHORT_MS,
  restart: 1500,
  remove: SHORT_MS,
};
const deadlines: Plan['deadlines'] = {
  dialogMs: 5000,
  caMs: 1,
  pendingMs: 1,
  retryAtLeastMs: 1,
  retryAtMostMs: 1,
  token: SHORT,
};

/** For tests of anything but time: the usual deadlines, whatever else this machine is doing. */
const patient = { ...deadlines, token: {} };

/** Functions of PKCS#11 on the way from the first look to the proof, and the call of each that is hit. */
const ON_THE_WAY = [
  'C_Initialize:1',
  'C_GetSlotList:1',
  'C_GetTokenInfo:1',
  'C_GetMechanismList:1',
  'C_OpenSession:1',
  'C_Login:1',
  'C_FindObjectsInit:1',
  'C_FindObjects:1',
  'C_FindObjectsFinal:1',
  'C_GenerateKeyPair:1',
  'C_GetAttributeValue:1',
  'C_GenerateKey:1',
  'C_WrapKey:1',
  'C_DestroyObject:1',
  'C_SignInit:1',
  'C_Sign:1',
  'C_CreateObject:1',
  'C_CloseAllSessions:1',
  'C_Finalize:1',
  'C_Initialize:2',
  'C_OpenSession:2',
  'C_Login:2',
  'C_Sign:2',
];

describe('a token host whose module is faulty', function () {
  this.timeout(120_000);
  let setup: TokenSetup;
  let faulty: FaultyModule;
  let token: TokenDescription;
  let lanes: TokenDescription[];

  before(async () => {
    setup = setUpTokenTests();
    faulty = buildFaultyModule(setup.folder, LANES);
    lanes = await setup.tokens([faulty.planned('')]).list(calm);
    token = lanes.find(({ label }) => label === 'desk')!;
  });
  beforeEach(() => {
    setup.writePin(faulty.pin);
    setup.script({});
    setup.facts.length = 0;
  });
  afterEach(async () => {
    await setup.rest();
    expect(childrenOf(process.pid).filter((pid) => !isGone(pid))).to.deep.equal([]);
  });
  after(() => setup.leave());

  /** The whole way with one module; what it throws, and the CKA_ID that it used. */
  async function journey(plan: string, lane = token, ckaId = randomBytes(16), limits = patient): Promise<void> {
    const module = faulty.planned(plan);
    const session = await setup.tokens([module]).open(lane, PIN_CONTEXT, limits, calm);
    try {
      const { keyType, spki } = await session.generate({ ckaId, label: 'desk', keys: ['ec-p256'] });
      const reference: KeyReference = { ckaId, spki, keyType };
      await session.signRequest(reference, requestInfo(spki));
      const certificate = setup.certify(spki, '/CN=desk');
      await session.store(reference, certificate, [], 'desk');
      await session.prove(reference, certificate, randomBytes(32));
    } finally {
      await session.close();
    }
  }

  async function failureOf(work: Promise<unknown>): Promise<AgentError> {
    const error: unknown = await work.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(error).to.be.instanceOf(AgentError);
    return error as AgentError;
  }

  const look = () => witness(faulty.planned(''), token, faulty.pin);

  const behaviours = [
    { behaviour: 'abort', code: 'ERR_TOKEN_HOST_CRASHED', limits: patient },
    { behaviour: 'hang', code: 'ERR_TOKEN_HOST_TIMEOUT', limits: deadlines },
  ];
  for (const { behaviour, code, limits } of behaviours) {
    it(`that lets each function ${behaviour} is told as ${code}, and the agent goes on`, async () => {
      for (let first = 0; first < ON_THE_WAY.length; first += lanes.length) {
        const calls = ON_THE_WAY.slice(first, first + lanes.length);
        const codes = await Promise.all(
          calls.map((call, lane) => codeOf(journey(`${call}:${behaviour}`, lanes[lane], randomBytes(16), limits))),
        );
        for (const [index, call] of calls.entries()) expect(codes[index], call).to.equal(code);
      }
      await journey('');
    });

    it(`that lets the description of a slot ${behaviour} has no tokens in the list, and the log says so`, async () => {
      const tokens = setup.tokens([faulty.planned(`C_GetSlotInfo:1:${behaviour}`)]);
      expect(await tokens.list(calm, limits)).to.deep.equal([]);
      expect(JSON.stringify(setup.facts)).to.include(code);
    });
  }

  // Where it were waited for, this would never end.
  it('is not waited for when it hangs while it ends', () => journey('C_Finalize:2:hang'));

  it('hides no other module when it fails in a list', async () => {
    const good = faulty.planned('');
    const broken = { ...good, environment: { ...good.environment, FAULTY_PLAN: 'C_GetSlotList:1:abort' } };
    const list = await setup.tokens([broken, good]).list(calm);
    expect(list.map(({ label }) => label)).to.have.members(LANES);
    expect(setup.facts.map(({ details }) => details['code'])).to.include('ERR_TOKEN_HOST_CRASHED');
  });

  it('hides no other slot when one is broken', async () => {
    const list = await setup.tokens([faulty.planned('C_GetTokenInfo:1:0x5')]).list(calm);
    const left = setup.facts.filter(({ fact }) => fact === 'slot left out');
    expect(left[0]?.details).to.include({ rv: 'CKR_GENERAL_ERROR', fn: 'C_GetTokenInfo' });
    expect(list).to.have.lengthOf(LANES.length - 1);
  });

  it('may print what it likes, even our own messages: nothing is disturbed, and no PIN gets into the log', async () => {
    const list = await setup.tokens([faulty.planned('C_GetSlotList:1:noise')]).list(calm);
    expect(list).to.have.lengthOf(LANES.length);
    await setup.rest();
    const text = JSON.stringify(setup.facts.find(({ fact }) => fact === 'module output'));
    expect(text).to.include('stdout noise').and.not.include(faulty.pin);
    expect(text.length).to.be.lessThan(5000);
  });

  it('may write garbage into every descriptor that it finds: the host is ended, the agent is not harmed', async () => {
    const ckaId = randomBytes(16);
    expect(await codeOf(journey('C_GenerateKeyPair:1:scribble', token, ckaId))).to.equal('ERR_TOKEN_HOST_PROTOCOL');
    await journey('');
  });

  it('leaves nothing on the token when a call does its work and then fails', async () => {
    const before = look();
    const expected: Record<string, Record<string, string>> = {
      'C_GenerateKeyPair:1:late-0x30': { code: 'ERR_TOKEN_FAILED', rv: 'CKR_DEVICE_ERROR', fn: 'C_GenerateKeyPair' },
      'C_GenerateKeyPair:1:0x31': { code: 'ERR_TOKEN_FULL', rv: 'CKR_DEVICE_MEMORY', fn: 'C_GenerateKeyPair' },
      'C_GenerateKeyPair:1:0x80000042': { code: 'ERR_TOKEN_FAILED', rv: 'CKR_0x80000042', fn: 'C_GenerateKeyPair' },
    };
    for (const [plan, { code, ...details }] of Object.entries(expected)) {
      const error = await failureOf(journey(plan));
      expect(error.code, plan).to.equal(code);
      expect(error.details).to.include(details);
    }
    expect(look()).to.have.deep.members(before);
  });

  it('keeps the key and loses the half-written certificate when the write fails', async () => {
    const ckaId = randomBytes(16);
    const error = await failureOf(journey('C_CreateObject:1:late-0x31', token, ckaId));
    expect(error).to.include({ code: 'ERR_TOKEN_FULL' });
    const left = look().filter(({ id }) => id === ckaId.toString('hex'));
    expect(left.map((object) => object.class)).to.have.members(['private', 'public']);
  });

  it('gives up CKA_EXTRACTABLE, and only that, when the token does not know it', async () => {
    await journey('C_GenerateKeyPair:1:0x12');
    expect(faulty.calls().filter((name) => name === 'C_GenerateKeyPair')).to.have.lengthOf(2);
  });

  it('ends when its agent is killed in the middle of a call that hangs', async () => {
    const module = faulty.planned('C_GetSlotList:1:hang');
    const agent = fork(resolve(import.meta.dirname, 'agent-that-dies.js'), [JSON.stringify(module)], { execArgv: [] });
    await until('the call', () => faulty.calls().includes('C_GetSlotList'), 10_000);
    const [host] = childrenOf(agent.pid!);
    expect(host).to.be.a('number');
    agent.kill('SIGKILL');
    await until('the host is gone', () => isGone(host!), 3000);
  });

  it('is killed at once when its enrollment is cancelled', async () => {
    const control = new AbortController();
    const module = faulty.planned('C_GenerateKeyPair:1:hang');
    const session: TokenSession = await setup.tokens([module]).open(token, PIN_CONTEXT, patient, control.signal);
    const work = codeOf(session.generate({ ckaId: randomBytes(16), label: 'desk', keys: ['ec-p256'] }));
    await until('the call', () => faulty.calls().includes('C_GenerateKeyPair'), 10_000);
    control.abort(new AgentError('ERR_USER_CANCELLED'));
    expect(await work).to.equal('ERR_USER_CANCELLED');
    await session.close();
  });
});
