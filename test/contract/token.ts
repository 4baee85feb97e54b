/** What every token must do through our token host, whatever module is behind it. Run by one small file for each module. */

import { createHash, createPublicKey, randomBytes, verify, X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import type { GeneratedKey, TokenDescription, TokenSession, Tokens } from '../../agent/ports/token.ts';
import { asDer } from '../../web-bridge/asn1/der.ts';
import { AgentError, type ErrorCode } from '../../web-bridge/protocol/errors.ts';
import type { KeyType } from '../../web-bridge/protocol/order.ts';
import { KEY_TYPE } from '../../web-bridge/x509/key-types.ts';
import { skip } from '../stage/skip.ts';
import type { StagedModule } from '../stage/staged-module.ts';
import { opensslAccepts, PIN_CONTEXT, requestInfo, setUpTokenTests, type TokenSetup, witness } from './token-setup.ts';

/** The first label's token is examined; a second one must stay as it is. */
export type TokenUnderTest = StagedModule & {
  /** The types that are tried; the token must offer them. */
  readonly keyTypes: readonly KeyType[];
  /** Somebody's own token: nothing is said of what else is on it, and no wrong PIN is sent to it. */
  readonly own?: {
    readonly serialNumber: string;
    readonly objectLabel: string;
    readonly examined: (record: GeneratedKey['examination']) => void;
  };
};

/** A string says why there is none on this machine. */
export type TokenStage = (folder: string) => Promise<TokenUnderTest | string>;

const calm = new AbortController().signal;
const NO_DEADLINES = { dialogMs: 60_000, caMs: 1000, pendingMs: 1000, retryAtLeastMs: 1, retryAtMostMs: 1, token: {} };

/** The code of the failure that must come. */
export async function codeOf(work: Promise<unknown>): Promise<ErrorCode | 'no error'> {
  try {
    await work;
    return 'no error';
  } catch (error) {
    if (error instanceof AgentError) return error.code;
    throw error;
  }
}

type Options = { readonly timeoutMs?: number; readonly single?: boolean };

/** `single`: the module has one token, so that there is no second one to leave alone. */
export function tokenContract(name: string, stage: TokenStage, { timeoutMs = 60_000, single }: Options = {}): void {
  describe(`a token of ${name}`, function () {
    this.timeout(timeoutMs);
    const { execPath } = process;
    let setup: TokenSetup;
    let under: TokenUnderTest;
    let objectLabel: string;
    let tokens: Tokens;
    let token: TokenDescription;
    let session: TokenSession | undefined;

    const look = () => witness(under.module, token, under.pin);
    const opened = async (): Promise<TokenSession> => {
      session = await tokens.open(token, PIN_CONTEXT, NO_DEADLINES, calm);
      return session;
    };
    const generated = async (type: KeyType) => {
      const ckaId = randomBytes(16);
      const key = await (await opened()).generate({ ckaId, label: objectLabel, keys: [type] });
      return { ckaId, key, reference: { ckaId, spki: key.spki, keyType: key.keyType } };
    };
    /** The cheapest key type there is, for tests that are not about types. */
    const anyType = (): KeyType => under.keyTypes.find((type) => type.startsWith('ec')) ?? under.keyTypes[0]!;

    before(async function () {
      setup = setUpTokenTests();
      const staged = await stage(setup.folder);
      if (typeof staged === 'string') {
        return skip(this, `a token of ${name}: ${staged}`);
      }
      under = staged;
      objectLabel = under.own?.objectLabel ?? 'desk';
      process.execPath = under.execPath ?? execPath;
      tokens = setup.tokens([under.module]);
      token = (await tokens.list(calm)).find(
        ({ label, serialNumber }) =>
          label === under.labels[0] && (under.own === undefined || serialNumber === under.own.serialNumber),
      )!;
    });
    beforeEach(() => {
      setup.writePin(under.pin);
      setup.script({});
    });
    afterEach(async () => {
      await session?.close();
      session = undefined;
    });
    after(async () => {
      process.execPath = execPath;
      await under?.leave();
      await setup.leave();
    });

    it('is listed with its key types and without a PIN; uninitialized slots are not', async () => {
      setup.writePin('must not be read');
      const list = await tokens.list(calm);
      const labels = list.map(({ label }) => label);
      if (under.own) expect(labels).to.include.members([...under.labels]);
      else expect(labels).to.have.members([...under.labels]);
      expect(token.keyTypes).to.include.members([...under.keyTypes]);
      expect(list.every(({ module }) => module === under.module.path)).to.equal(true);
      expect([token.userPinInitialized, token.pinLocked]).to.deep.equal([true, false]);
    });

    it('generates each type it offers, as the witness reads it, with an examination record', async () => {
      for (const type of under.keyTypes) {
        const { ckaId, key } = await generated(type);
        expect(key.keyType).to.equal(type);
        expectSpkiOfType(key);
        expectExamination(key);
        under.own?.examined(key.examination);
        const pair = look().filter(({ id }) => id === ckaId.toString('hex'));
        expect(pair.map((object) => object.class)).to.have.members(['private', 'public']);
        const half = pair.find((object) => object.class === 'private');
        expect(half).to.include({ private: true, sensitive: true, extractable: false, label: objectLabel });
        expect(await session!.destroy(ckaId)).to.deep.equal({ left: 0 });
        expect(look().filter(({ id }) => id === ckaId.toString('hex'))).to.deep.equal([]);
        await session!.close();
      }
    });

    it('takes the first type of the order that the token can make', async () => {
      const open = await opened();
      const ckaId = randomBytes(16);
      const key = await open.generate({ ckaId, label: objectLabel, keys: [anyType(), 'rsa-2048'] });
      expect(key.keyType).to.equal(anyType());
      await open.destroy(ckaId);
    });

    it('returns the same key when a generation is taken up again', async () => {
      const { ckaId, key } = await generated(anyType());
      await session!.close();
      const again = await (await opened()).generate({ ckaId, label: objectLabel, keys: [anyType()] });
      expect(Buffer.from(again.spki).equals(key.spki)).to.equal(true);
      expectExamination(again);
      expect(await session!.destroy(ckaId)).to.deep.equal({ left: 0 });
    });

    it('signs a request of its key so that openssl verifies it, for each type', async () => {
      for (const type of under.keyTypes) {
        const { ckaId, reference } = await generated(type);
        const info = requestInfo(reference.spki);
        const signature = await session!.signRequest(reference, info);
        expect(opensslAccepts(info, signature, type), type).to.equal(true);
        await session!.destroy(ckaId);
        await session!.close();
      }
    });

    it('refuses to sign what is not a request of this very key', async () => {
      const { ckaId, reference } = await generated(anyType());
      const own = Buffer.from(requestInfo(reference.spki));
      const other = Buffer.from(reference.spki);
      other.writeUInt8(other.readUInt8(other.length - 1) ^ 1, other.length - 1);
      const foreign: Record<string, Uint8Array> = {
        'other key': requestInfo(other),
        'plain text': Buffer.from('pay 1,000,000 yen'),
        'a hash': randomBytes(32),
        'the key alone': reference.spki,
        'bytes after it': Buffer.concat([own, Buffer.from([0])]),
        'a proof': Buffer.concat([Buffer.from('inkan-proof-v2\0'), randomBytes(32)]),
        'a wrapped request': Buffer.concat([Buffer.from([0x30, 0x82, own.length >> 8, own.length & 255]), own]),
      };
      for (const [what, bytes] of Object.entries(foreign)) {
        expect(await codeOf(session!.signRequest(reference, asDer(bytes))), what).to.equal('ERR_TOKEN_HOST_PROTOCOL');
      }
      await session!.destroy(ckaId);
    });

    it('stores the certificate with its chain, and proves both in a module started anew', async () => {
      const { ckaId, reference } = await generated(anyType());
      const before = look().length;
      const known = (await tokens.certificates(token, calm)).length;
      const certificate = setup.certify(reference.spki, '/O=Test/CN=desk');
      await session!.store(reference, certificate, [setup.authority()], objectLabel);
      await session!.store(reference, certificate, [setup.authority()], objectLabel);
      expect(look().length).to.equal(before + 2);
      const leaf = look().find((object) => object.class === 'certificate' && object.id === ckaId.toString('hex'));
      expect(leaf?.value).to.equal(Buffer.from(certificate).toString('hex'));
      expect(leaf?.serial).to.equal('020141');
      const challenge = randomBytes(32);
      const proof = await session!.prove(reference, certificate, challenge);
      const signed = Buffer.from(proof.signed, 'base64');
      expect(signed.equals(Buffer.concat([Buffer.from('inkan-proof-v2\0', 'latin1'), challenge]))).to.equal(true);
      const { publicKey } = new X509Certificate(certificate);
      const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
      const hash = proof.algorithm === 'ES384' ? 'sha384' : 'sha256';
      expect(verify(hash, signed, key, Buffer.from(proof.signature, 'base64'))).to.equal(true);
      expect(await tokens.certificates(token, calm)).to.have.lengthOf(known + 2);
      expect((await session!.destroy(ckaId)).left).to.equal(3);
    });

    it('writes nothing that is not a certificate of this key', async () => {
      const { ckaId, reference } = await generated(anyType());
      const before = look().length;
      const store = (der: Uint8Array) => codeOf(session!.store(reference, asDer(der), [], objectLabel));
      expect(await store(setup.authority())).to.equal('ERR_CERTIFICATE_KEY_MISMATCH');
      expect(await store(randomBytes(900))).to.equal('ERR_CERTIFICATE_UNREADABLE');
      const right = setup.certify(reference.spki, '/CN=desk');
      expect(await store(Buffer.concat([right, Buffer.from([0])]))).to.equal('ERR_CERTIFICATE_UNREADABLE');
      expect(await codeOf(session!.prove(reference, right, randomBytes(32)))).to.equal('ERR_TOKEN_CERTIFICATE_MISSING');
      expect(look().length).to.equal(before);
      await session!.destroy(ckaId);
    });

    it('logs in with a certificate that lies on it, and removes exactly that certificate with its pair', async () => {
      const made = async () => {
        const { reference } = await generated(anyType());
        const certificate = setup.certify(reference.spki, '/CN=contract');
        await session!.store(reference, certificate, [], objectLabel);
        await session!.close();
        return { id: reference.ckaId.toString('hex'), keyType: reference.keyType, certificate };
      };
      const [old, other] = [await made(), await made()];
      const objectsUnder = (id: string) => look().filter((object) => object.id === id);
      const others = objectsUnder(other.id);
      const [origin, nonce] = ['https://www.bank.example', 'n'.repeat(44)];
      const asked = async (purpose: 'authenticate' | 'remove') => {
        await session?.close();
        session = await tokens.open(token, { ...PIN_CONTEXT, purpose }, NO_DEADLINES, calm);
        return session;
      };

      const enrolling = await opened();
      expect(await codeOf(enrolling.authenticate(old.certificate, origin, nonce))).to.equal('ERR_TOKEN_HOST_PROTOCOL');
      expect(await codeOf(enrolling.remove(old.certificate))).to.equal('ERR_TOKEN_HOST_PROTOCOL');
      const { algorithm, signature } = await (await asked('authenticate')).authenticate(old.certificate, origin, nonce);
      const hash = algorithm.endsWith('384') ? 'sha384' : 'sha256';
      const digest = (text: string) => createHash(hash).update(text).digest();
      const key = { key: new X509Certificate(old.certificate).publicKey, dsaEncoding: 'ieee-p1363' } as const;
      expect(verify(hash, Buffer.concat([digest(origin), digest(nonce)]), key, signature)).to.equal(true);
      const short = session!.authenticate(old.certificate, origin, 'n'.repeat(43));
      expect(await codeOf(short)).to.equal('ERR_TOKEN_HOST_PROTOCOL');

      const removing = await asked('remove');
      expect(await removing.remove(old.certificate)).to.deep.equal({ left: 0 });
      expect(objectsUnder(old.id)).to.deep.equal([]);
      expect(objectsUnder(other.id)).to.have.deep.members(others);
      expect(await codeOf(removing.remove(old.certificate))).to.equal('ERR_TOKEN_CERTIFICATE_MISSING');
      expect(await removing.remove(other.certificate)).to.deep.equal({ left: 0 });
    });

    it('says that the key is missing where it is', async () => {
      const { ckaId, reference } = await generated(anyType());
      const certificate = setup.certify(reference.spki, '/CN=desk');
      await session!.destroy(ckaId);
      expect(await codeOf(session!.store(reference, certificate, [], objectLabel))).to.equal('ERR_TOKEN_KEY_MISSING');
    });

    it('leaves the token as it was when the PIN is wrong or the dialog is cancelled', async () => {
      const before = look();
      const request = { ckaId: randomBytes(16), label: objectLabel, keys: [anyType()] };
      if (!under.own) {
        setup.writePin('00000000');
        expect(await codeOf((await opened()).generate(request))).to.equal('ERR_USER_PIN_CANCELLED');
        await session!.close();
      }
      setup.script({ pin: 'cancel' });
      expect(await codeOf((await opened()).generate(request))).to.equal('ERR_USER_PIN_CANCELLED');
      expect(look()).to.have.deep.members(before);
    });

    if (!single)
      it('works on the token that is named, and no other', async () => {
        const second = (await tokens.list(calm)).find(({ label }) => label === under.labels[1])!;
        const before = look().length;
        const open = await tokens.open(second, PIN_CONTEXT, NO_DEADLINES, calm);
        const ckaId = randomBytes(16);
        await open.generate({ ckaId, label: objectLabel, keys: [anyType()] });
        expect(look().length).to.equal(before);
        expect(witness(under.module, second, under.pin)).to.have.lengthOf(2);
        expect(await open.destroy(ckaId)).to.deep.equal({ left: 0 });
        await open.close();
      });

    it('is missing when it is not there', async () => {
      const gone = { ...token, label: 'nowhere' };
      expect(await codeOf(tokens.open(gone, PIN_CONTEXT, NO_DEADLINES, calm))).to.equal('ERR_TOKEN_MISSING');
    });

    it('gives a scripted human only to profiles marked test', async () => {
      for (const profile of ['true-bank', 'no-bank']) {
        const context = { ...PIN_CONTEXT, profile };
        const code = await codeOf(tokens.open(token, context, NO_DEADLINES, calm));
        expect(code).to.equal('ERR_POLICY_SCRIPTED_HUMAN_REFUSED');
      }
    });
  });
}

function expectSpkiOfType({ spki, keyType }: GeneratedKey): void {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  const row = KEY_TYPE[keyType];
  expect(namedCurve ?? modulusLength).to.equal(row.family === 'EC' ? row.curve.openssl : row.bits);
  expect(key.export({ format: 'der', type: 'spki' }).equals(spki)).to.equal(true);
}

function expectExamination({ examination }: GeneratedKey): void {
  expect(examination.trials.map(({ trial }) => trial)).to.deep.equal(['read-extractable', 'read-secret', 'wrap']);
  expect(examination.trials[0]).to.include({ outcome: 'refused', evidence: 'CKA_EXTRACTABLE reads 0' });
  expect(examination.trials[1]?.evidence).to.match(/CKA_PRIVATE_EXPONENT CKR_/);
  expect(examination.claims).to.include({ extractable: false });
}
