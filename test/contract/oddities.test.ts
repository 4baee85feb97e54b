/** Modules that lie and cards with ways of their own, through our host: each is borne, or refused by its own code. */

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect } from 'chai';
import pkcs11js from 'pkcs11js';
import type { Dialog } from '../../agent/dialog/dialog.ts';
import type { TokenDescription, TokenSession } from '../../agent/ports/token.ts';
import { destroy } from '../../agent/token-host/destroy.ts';
import { generate } from '../../agent/token-host/generate.ts';
import { finalize, type LoadedModule, loadModule } from '../../agent/token-host/module.ts';
import { findOfClass, findUnder } from '../../agent/token-host/objects.ts';
import { type OpenToken, openToken } from '../../agent/token-host/session.ts';
import { listTokens } from '../../agent/token-host/slots.ts';
import { prove, store } from '../../agent/token-host/write-back.ts';
import { buildFaultyModule, type FaultyModule } from '../doubles/faulty-module.ts';
import { childrenOf, until } from './processes.ts';
import { codeOf } from './token.ts';
import { PIN_CONTEXT, setUpTokenTests, type TokenSetup, witness } from './token-setup.ts';

const calm = new AbortController().signal;
const patient = { dialogMs: 20_000, caMs: 1, pendingMs: 1, retryAtLeastMs: 1, retryAtMostMs: 1, token: {} };

describe('a module that lies, and a card with ways of its own', function () {
  this.timeout(60_000);
  let setup: TokenSetup;
  let faulty: FaultyModule;
  let description: TokenDescription;
  let session: TokenSession | undefined;

  before(async () => {
    setup = setUpTokenTests();
    faulty = buildFaultyModule(setup.folder, ['desk']);
    setup.writePin(faulty.pin);
    description = (await setup.tokens([faulty.planned('')]).list(calm))[0]!;
  });
  afterEach(async () => {
    await session?.close();
    session = undefined;
  });
  after(() => setup.leave());

  async function opened(plan: string): Promise<TokenSession> {
    session = await setup.tokens([faulty.planned(plan)]).open(description, PIN_CONTEXT, patient, calm);
    return session;
  }
  const ecKey = () => ({ ckaId: randomBytes(16), label: 'desk', keys: ['ec-p256'] as const });
  const look = () => witness(faulty.planned(''), description, faulty.pin);

  it('has no room for a pair: said before a key is made', async () => {
    expect(await codeOf((await opened('C_GetTokenInfo:*:room-1500')).generate(ecKey()))).to.equal('ERR_TOKEN_FULL');
    expect(faulty.calls()).not.to.include('C_GenerateKeyPair');
  });

  it('has no room for the certificate: said before it is written', async () => {
    const request = ecKey();
    const key = await (await opened('')).generate(request);
    await session!.close();
    const reference = { ckaId: request.ckaId, spki: key.spki, keyType: key.keyType };
    const certificate = setup.certify(key.spki, '/CN=desk');
    const writing = (await opened('C_GetTokenInfo:*:room-100')).store(reference, certificate, [], 'desk');
    expect(await codeOf(writing)).to.equal('ERR_TOKEN_FULL');
    expect(faulty.calls()).not.to.include('C_CreateObject');
    await session!.destroy(request.ckaId);
  });

  it('says "out of memory" only by a general failure: that stays what it is', async () => {
    expect(await codeOf((await opened('C_GenerateKeyPair:1:0x5')).generate(ecKey()))).to.equal('ERR_TOKEN_FAILED');
  });

  it('never ends its list of objects: the walk ends, and nothing is made', async () => {
    expect(await codeOf((await opened('C_FindObjects:*:endless')).generate(ecKey()))).to.equal('ERR_TOKEN_FAILED');
    expect(look()).to.deep.equal([]);
  });

  it('answers lengths far beyond what it was given: its host dies at most', async () => {
    for (const plan of ['C_GetAttributeValue:*:length', 'C_GetAttributeValue:3:length']) {
      expect(await codeOf((await opened(plan)).generate(ecKey())), plan).to.match(/^ERR_(TOKEN|INTERNAL)/);
      await session!.close();
    }
    expect((await setup.tokens([faulty.planned('')]).list(calm)).length).to.equal(1);
  });

  it('takes its time for RSA-4096 while the agent goes on: its event loop never waits for a token', async () => {
    const open = await opened('C_GenerateKeyPair:1:slow-2500');
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const request = { ckaId: randomBytes(16), label: 'desk', keys: ['rsa-4096'] as const };
    const started = Date.now();
    await open.generate(request);
    delay.disable();
    expect(Date.now() - started).to.be.at.least(2500);
    expect(delay.max / 1e6).to.be.lessThan(1_500);
    await open.destroy(request.ckaId);
  });

  it('runs where no core may be dumped', async () => {
    await setup.rest();
    const listing = setup.tokens([faulty.planned('C_GetSlotList:1:slow-1000')]).list(calm);
    await until('the call', () => faulty.calls().includes('C_GetSlotList'), 10_000);
    const limits = childrenOf(process.pid).map((pid) => readFileSync(`/proc/${pid}/limits`, 'utf8'));
    expect(limits.map((text) => /Max core file size\s+(\S+)\s+(\S+)/.exec(text)?.slice(1))).to.deep.equal([['0', '0']]);
    await listing;
  });

  describe('in this process', () => {
    let module: LoadedModule | undefined;
    let token: OpenToken;
    let asked: string[];
    let mayReplace: boolean;

    beforeEach(async () => {
      const { path, environment } = faulty.planned('');
      Object.assign(process.env, environment);
      asked = [];
      mayReplace = false;
      const dialog = {
        pin: async () => Buffer.from(faulty.pin),
        replace: async ({ subject }: { subject: string }) => {
          asked.push(subject);
          return mayReplace;
        },
      } as unknown as Dialog;
      module = await loadModule(path, undefined);
      const { token: identity } = listTokens(module).found[0]!;
      const progress = { step: async () => {}, dialog: async () => {} };
      token = await openToken(module, identity, PIN_CONTEXT, dialog, progress);
    });
    afterEach(() => {
      for (const handle of [pkcs11js.CKO_PRIVATE_KEY, pkcs11js.CKO_PUBLIC_KEY, pkcs11js.CKO_CERTIFICATE].flatMap(
        (type) => findOfClass(token, type),
      ))
        token.p11.C_DestroyObject(token.session, handle);
      if (module) finalize(module, [token.slot]);
    });

    const made = async (ckaId = randomBytes(16)) => {
      const key = await generate(token, { ckaId, label: 'desk', keys: ['ec-p256'] });
      const reference = { ckaId, spki: key.spki, keyType: key.keyType };
      return { ckaId, key, reference, certificate: setup.certify(key.spki, '/CN=desk') };
    };
    const write = (value: Uint8Array, ckaId: Uint8Array, onToken: boolean): void => {
      token.p11.C_CreateObject(token.session, [
        { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_CERTIFICATE },
        { type: pkcs11js.CKA_CERTIFICATE_TYPE, value: pkcs11js.CKC_X_509 },
        { type: pkcs11js.CKA_TOKEN, value: onToken },
        { type: pkcs11js.CKA_ID, value: Buffer.from(ckaId) },
        { type: pkcs11js.CKA_SUBJECT, value: Buffer.from('3000', 'hex') },
        { type: pkcs11js.CKA_VALUE, value: Buffer.from(value) },
      ]);
    };

    it('changes CKA_ID between two processes, and is found again by its public key', async () => {
      const { ckaId, reference, certificate } = await made();
      await store(token, { key: reference, certificate, chain: [], label: 'desk' });
      // The same library in the same process: its handles are ours.
      const direct = new pkcs11js.PKCS11();
      direct.load(faulty.planned('').path);
      for (const handle of findUnder(token, ckaId)) {
        direct.C_SetAttributeValue(token.session, handle, [{ type: pkcs11js.CKA_ID, value: Buffer.from('00', 'hex') }]);
      }
      expect(findUnder(token, ckaId)).to.deep.equal([]);
      const proof = await prove(token, { key: reference, certificate, challenge: randomBytes(32) });
      expect(proof.algorithm).to.equal('ES256');
    });

    it('changes CKA_ID of a pair that nobody certified: it is taken away by its public key', async () => {
      const { ckaId, key } = await made();
      const direct = new pkcs11js.PKCS11();
      direct.load(faulty.planned('').path);
      for (const handle of findUnder(token, ckaId)) {
        direct.C_SetAttributeValue(token.session, handle, [{ type: pkcs11js.CKA_ID, value: Buffer.from('00', 'hex') }]);
      }
      expect(await destroy(token, { ckaId, spki: key.spki })).to.deep.equal({ left: 0 });
      expect(findOfClass(token, pkcs11js.CKO_PRIVATE_KEY)).to.deep.equal([]);
    });

    it('shows an attestation beside the key: it is handed over, and is in no list of certificates', async () => {
      const ckaId = randomBytes(16);
      const { key } = await made(ckaId);
      write(setup.certify(key.spki, '/CN=Attestation'), ckaId, false);
      write(setup.authority(), ckaId, false);
      const again = await generate(token, { ckaId, label: 'desk', keys: ['ec-p256'] });
      expect(again.attestation).to.have.lengthOf(1);
      const text = execFileSync('openssl', ['x509', '-inform', 'DER', '-noout', '-subject'], {
        input: again.attestation[0]!,
        encoding: 'utf8',
      });
      expect(text).to.include('Attestation');
      expect(findOfClass(token, pkcs11js.CKO_CERTIFICATE)).to.deep.equal([]);
    });

    it('holds the certificate of another key where ours belongs: its owner is asked', async () => {
      const { ckaId, reference, certificate } = await made();
      write(setup.authority(), ckaId, true);
      const request = { key: reference, certificate, chain: [], label: 'desk' };
      expect(await codeOf(store(token, request))).to.equal('ERR_USER_REFUSED');
      expect(asked).to.deep.equal(['CN=Token Test CA']);
      expect(findOfClass(token, pkcs11js.CKO_CERTIFICATE, ckaId)).to.have.lengthOf(1);
      mayReplace = true;
      await store(token, request);
      expect(findOfClass(token, pkcs11js.CKO_CERTIFICATE, ckaId)).to.have.lengthOf(2);
    });

    it('holds an older certificate of the same key there: nobody is asked', async () => {
      const { ckaId, reference, certificate } = await made();
      write(setup.certify(reference.spki, '/CN=placeholder'), ckaId, true);
      await store(token, { key: reference, certificate, chain: [], label: 'desk' });
      expect(asked).to.deep.equal([]);
    });
  });
});
