/** C_Login on a real token, counted: never without a human's entry, never twice with what was refused. */
import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import pkcs11js from 'pkcs11js';
import type { Dialog, PinQuestion } from '../../agent/dialog/dialog.ts';
import { changePin } from '../../agent/token-host/change-pin.ts';
import { generate } from '../../agent/token-host/generate.ts';
import { login } from '../../agent/token-host/login.ts';
import { finalize, type LoadedModule, loadForPinPad, loadModule } from '../../agent/token-host/module.ts';
import { type OpenToken, openToken, restart, wipePins } from '../../agent/token-host/session.ts';
import { signWith } from '../../agent/token-host/sign.ts';
import { listTokens } from '../../agent/token-host/slots.ts';
import { privateKeyTemplate, publicKeyTemplate } from '../../agent/token-host/templates.ts';
import { KEY_TYPE } from '../../web-bridge/x509/key-types.ts';
import { buildFaultyModule, type FaultyModule } from '../doubles/faulty-module.ts';
import { codeOf } from './token.ts';
import { PIN_CONTEXT, setUpTokenTests, type TokenSetup } from './token-setup.ts';

const COUNT_LOW = 'C_GetTokenInfo:*:flag-0x10000';
const FINAL_TRY = 'C_GetTokenInfo:*:flag-0x20000';
const LOCKED = 'C_GetTokenInfo:*:flag-0x40000';

describe('the log-in to a token', function () {
  this.timeout(30_000);
  let setup: TokenSetup;
  let faulty: FaultyModule;
  let module: LoadedModule | undefined;
  let token: OpenToken;
  let questions: PinQuestion[];
  /** Other dialogs that were opened, or closed. */
  let dialogs: string[];
  /** Whether the human wants to use the last try. */
  let willing: boolean;
  let newPins: string[];
  /** What happens to the token while its holder types. */
  let whenAsked: () => unknown = () => {};

  before(() => {
    setup = setUpTokenTests();
    faulty = buildFaultyModule(setup.folder, ['desk']);
  });
  afterEach(() => {
    wipePins(token);
    if (module) finalize(module, [token.slot]);
    module = undefined;
  });
  after(() => setup.leave());

  /** A human who types these, one after the other, and then gives up. */
  async function withCustomer(plan: string, entries: readonly string[]): Promise<void> {
    questions = [];
    dialogs = [];
    willing = true;
    newPins = [];
    whenAsked = () => {};
    const { path, environment } = faulty.planned(plan);
    Object.assign(process.env, environment);
    const left = [...entries];
    const never = async (): Promise<never> => Promise.reject(new Error('not asked here'));
    const dialog: Dialog = {
      consent: never,
      code: never,
      chooseCertificate: never,
      chooseToken: never,
      insertToken: never,
      lastTry: async () => {
        dialogs.push('lastTry');
        return willing;
      },
      locked: async () => void dialogs.push('locked'),
      reader: async () => {
        dialogs.push('reader');
        return () => void dialogs.push('reader closed');
      },
      newPin: async () => Buffer.from(newPins.shift() ?? 'nothing left'),
      replace: never,
      pin: async (question) => {
        questions.push(question);
        whenAsked();
        return Buffer.from(left.shift() ?? 'nothing left');
      },
    };
    module = await loadModule(path, undefined);
    const { token: identity } = listTokens(module).found[0]!;
    const progress = { step: async () => {}, dialog: async () => {} };
    token = await openToken(module, identity, PIN_CONTEXT, dialog, progress);
  }
  const logins = (): number => faulty.calls().filter((name) => name === 'C_Login').length;

  it('asks once and logs in once for a whole operation', async () => {
    await withCustomer('', [faulty.pin]);
    await login(token);
    await login(token);
    expect(questions).to.have.lengthOf(1);
    expect(questions[0]).to.include({ tries: 'unknown', refusedBefore: false, purpose: 'enroll' });
    expect(logins()).to.equal(1);
  });

  it('asks again after a refusal, and tells of it', async () => {
    await withCustomer('', ['00000000', faulty.pin]);
    await login(token);
    expect(questions.map(({ refusedBefore }) => refusedBefore)).to.deep.equal([false, true]);
    expect(logins()).to.equal(2);
  });

  it('never sends a refused PIN again, even if a human types it again', async () => {
    await withCustomer('', ['00000000', '00000000', '00000000', faulty.pin]);
    expect(await codeOf(login(token))).to.equal('ERR_TOKEN_PIN_INCORRECT');
    expect(questions).to.have.lengthOf(3);
    expect(logins()).to.equal(1);
  });

  it('takes three entries and no more', async () => {
    await withCustomer('', ['00000001', '00000002', '00000003', faulty.pin]);
    expect(await codeOf(login(token))).to.equal('ERR_TOKEN_PIN_INCORRECT');
    expect(logins()).to.equal(3);
  });

  it('makes no call at all when the token says that its PIN is locked', async () => {
    await withCustomer(LOCKED, [faulty.pin]);
    expect(await codeOf(login(token))).to.equal('ERR_TOKEN_PIN_LOCKED');
    expect(questions).to.deep.equal([]);
    expect(logins()).to.equal(0);
  });

  it('says that the PIN is locked when the token calls the right PIN wrong: only the flag tells', async () => {
    await withCustomer('', [faulty.pin]);
    whenAsked = () => Object.assign(process.env, { FAULTY_PLAN: `C_Login:*:0xa0;${LOCKED}` });
    expect(await codeOf(login(token))).to.equal('ERR_TOKEN_PIN_LOCKED');
    expect(logins()).to.equal(1);
  });

  it('warns before the last tries', async () => {
    await withCustomer(COUNT_LOW, [faulty.pin]);
    await login(token);
    expect(questions[0]?.tries).to.equal('few');
    finalize(module!, [token.slot]);
    await withCustomer(FINAL_TRY, [faulty.pin]);
    await login(token);
    expect(questions[0]?.tries).to.equal('last');
  });

  it('uses the accepted PIN again when the module is started anew, and asks nobody', async () => {
    await withCustomer('', [faulty.pin]);
    await login(token);
    restart(token);
    await login(token);
    expect(questions).to.have.lengthOf(1);
    expect(logins()).to.equal(2);
  });

  it('wipes every PIN at the end', async () => {
    await withCustomer('', ['00000000', faulty.pin]);
    await login(token);
    const pins = [token.pin!, ...token.refused];
    wipePins(token);
    expect(pins.every((pin) => pin.every((octet) => octet === 0))).to.equal(true);
    expect(token.pin).to.equal(undefined);
  });

  it('logs in between C_SignInit and C_Sign for a key that asks for it each time', async () => {
    await withCustomer('', [faulty.pin]);
    await login(token);
    const ckaId = randomBytes(16);
    const row = KEY_TYPE['ec-p256'];
    token.p11.C_GenerateKeyPair(
      token.session,
      { mechanism: row.pkcs11.generation },
      publicKeyTemplate(row, ckaId, 'desk'),
      [...privateKeyTemplate(row, ckaId, 'desk'), { type: pkcs11js.CKA_ALWAYS_AUTHENTICATE, value: true }],
    );
    const { spki, keyType } = await generate(token, { ckaId, label: 'desk', keys: ['ec-p256'] });
    for (let signature = 0; signature < 2; signature += 1) {
      await signWith(token, { ckaId, spki, keyType }, Buffer.from('any'));
    }
    const calls = faulty.calls().filter((name) => /^C_(Login|SignInit|Sign)$/.test(name));
    const each = ['C_SignInit', 'C_Login', 'C_Sign'];
    expect(calls).to.deep.equal(['C_Login', ...each, ...each]);
  });

  it('asks whether the last try is to be used, and makes no call where it is not', async () => {
    await withCustomer(FINAL_TRY, [faulty.pin]);
    willing = false;
    expect(await codeOf(login(token))).to.equal('ERR_USER_PIN_CANCELLED');
    expect([dialogs, questions, logins()]).to.deep.equal([['lastTry'], [], 0]);
  });

  it('tells whom to call where the PIN is locked', async () => {
    await withCustomer(LOCKED, [faulty.pin]);
    expect(await codeOf(login(token))).to.equal('ERR_TOKEN_PIN_LOCKED');
    expect(dialogs).to.deep.equal(['locked']);
  });

  it('starts the module anew where it says that somebody is logged in already: no PIN was judged', async () => {
    await withCustomer('C_Login:*:0x100', [faulty.pin]);
    const step = async (name: string) => void (name === 'restart' && (process.env['FAULTY_PLAN'] = ''));
    token = { ...token, progress: { ...token.progress, step } };
    await login(token);
    expect([questions.length, logins()]).to.deep.equal([1, 2]);
    expect(faulty.calls().filter((name) => name === 'C_Initialize')).to.have.lengthOf(2);
  });

  it('never tells the PIN a second time to a module that says so again', async () => {
    await withCustomer('C_Login:*:0x100', [faulty.pin]);
    expect(await codeOf(login(token))).to.equal('ERR_TOKEN_FAILED');
    expect(logins()).to.equal(2);
  });

  it('leaves the typing to the reader that has a pad, and says so for as long as it takes', async () => {
    await withCustomer('C_GetTokenInfo:*:flag-0x100;C_Login:*:pin-pad', []);
    module = await loadForPinPad(module!);
    token = await openToken(module, token.identity, PIN_CONTEXT, token.dialog, token.progress);
    await login(token);
    expect([dialogs, questions, token.pin]).to.deep.equal([['reader', 'reader closed'], [], undefined]);
  });

  it('is refused by such a reader where it gets a PIN instead of NULL (the test can fail)', async () => {
    await withCustomer('C_GetTokenInfo:*:flag-0x100;C_Login:*:pin-pad', []);
    expect(await codeOf(login(token))).to.equal('ERR_TOKEN_FAILED');
  });

  it('changes the PIN once the present one was accepted; what the token finds unfit is asked for again', async () => {
    await withCustomer('', ['00000000', faulty.pin]);
    newPins = ['1', faulty.pin];
    await changePin(token);
    expect(questions.map(({ refusedBefore }) => refusedBefore)).to.deep.equal([false, true]);
    expect(faulty.calls().filter((name) => name === 'C_SetPIN')).to.have.lengthOf(2);
    expect([token.pin, token.refused]).to.deep.equal([undefined, []]);
  });
});
