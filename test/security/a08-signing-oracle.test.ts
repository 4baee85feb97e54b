/**
 * A8: no page has bytes of its own signed. A fuzz run through the bridge with every input of C_Sign recorded in the
 * module: each is the CertificationRequestInfo that reached the CA, the proof of possession, or the log-in challenge of
 * the page's own origin. There is no fourth thing.
 */
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { METHODS } from '../../web-bridge/protocol/methods.ts';
import { ask, call } from '../stage/knock.ts';
import { standTarget, type Target } from '../stage/target.ts';
import { ORIGIN } from '../stage/test-bank.ts';

const PROOF_DOMAIN = 'inkan-proof-v2\0';
const RUNS = process.env['INKAN_FULL'] === '1' ? 60 : 2;

/** The first element of a DER SEQUENCE, whole: of a CSR its CertificationRequestInfo (RFC 2986 §4.1). */
function firstElement(der: Buffer): Buffer {
  const headerOf = (at: number): { start: number; end: number } => {
    const first = der[at + 1] ?? 0;
    const octets = first < 0x80 ? 0 : first & 0x7f;
    const start = at + 2 + octets;
    return { start, end: start + (octets === 0 ? first : der.readUIntBE(at + 2, octets)) };
  };
  const { start } = headerOf(0);
  return der.subarray(start, headerOf(start).end);
}

const hashOf = (data: Uint8Array | string): Buffer => createHash('sha256').update(data).digest();
const SHA256_DIGEST_INFO = '3031300d060960864801650304020105000420';

/** What C_Sign may be given for this message: itself, its digest, its DigestInfo, as the mechanism has it. */
const formsOf = (message: Uint8Array): string[] => {
  const digest = hashOf(message).toString('hex');
  return [Buffer.from(message).toString('hex'), digest, SHA256_DIGEST_INFO + digest];
};

/** Texts that look like what might be signed: DER, digests, the proof's domain, another origin. */
const HOSTILE = fc.oneof(
  fc.constantFrom('0\\', PROOF_DOMAIN.slice(0, -1), 'https://evil.example', '3031300d0609608648016503040201'),
  fc.stringMatching(/^[\x21-\x7e]{1,40}$/),
);

describe('A8: the token as a signing oracle', function () {
  this.timeout(120_000);
  let target: Target;
  before(async () => {
    target = await standTarget();
  });
  after(() => target?.leave());

  it('signs requests, proofs and log-in challenges, and nothing else: every C_Sign of a fuzz run', async () => {
    const legitimate = new Map<string, string>();
    const add = (kind: string, message: Uint8Array) => {
      for (const form of formsOf(message)) legitimate.set(form, kind);
    };
    const texts = fc.sample(HOSTILE, 3 * RUNS + 16);
    const next = (): string => texts.pop() ?? 'x';
    for (let run = 0; run < RUNS; run += 1) {
      const keys = [run % 2 === 0 ? 'rsa-2048' : 'ec-p256'];
      const account = { id: next(), display: next() };
      const { proof } = await target.enroll({ keys, account, subject: [['CN', `M${run} ${next()}`]] });
      const signed = Buffer.from(proof.signed, 'base64');
      expect(signed.toString('latin1').startsWith(PROOF_DOMAIN)).to.equal(true);
      add('proof', signed);
      const nonce = next()
        .replaceAll(/[^\x21-\x7e]/g, '')
        .padEnd(44, '0');
      add('log-in', Buffer.concat([hashOf(ORIGIN), hashOf(nonce)]));
      expect((await target.logIn(nonce)).result).to.include({ format: 'web-eid:1.0' });
      await fuzz(target);
    }
    for (const csr of target.ca.requests) add('request', firstElement(Buffer.from(csr, 'base64')));
    const recorded = inputs(target);
    const kinds = recorded.map((input) => legitimate.get(input) ?? `unknown: ${input}`);
    expect(kinds.filter((kind) => kind.startsWith('unknown'))).to.deep.equal([]);
    for (const kind of ['request', 'proof', 'log-in'])
      expect(
        kinds.filter((one) => one === kind),
        kind,
      ).to.have.lengthOf(RUNS);
    const others = /^C_(Sign(Update|Final|Recover.*|EncryptUpdate)|Decrypt.*|Encrypt.*|Unwrap.*|DeriveKey)$/;
    expect(target.module.calls().filter((name) => others.test(name))).to.deep.equal([]);
  });
});

const inputs = (target: Target): string[] =>
  target.module
    .witnessed()
    .filter((line) => line.startsWith('C_Sign '))
    .map((line) => line.slice('C_Sign '.length));

/** What a hostile script in the bank's own page can send: any method, any member, orders bent in any way. */
async function fuzz(target: Target): Promise<void> {
  const page = await target.page();
  const order = await target.bank.order();
  const bent = fc.tuple(fc.nat(order.length - 1), fc.stringMatching(/^[A-Za-z0-9_.-]$/)).map(([at, character]) => {
    return order.slice(0, at) + character + order.slice(at + 1);
  });
  const params = fc.oneof(
    fc.jsonValue(),
    bent.filter((text) => text !== order).map((text) => ({ order: text })),
    fc.record({ order: fc.string(), data: fc.base64String(), hash: fc.base64String() }),
  );
  const method = fc.oneof(
    fc.constantFrom(...Object.keys(METHODS).filter((name) => name !== 'status')),
    fc.constantFrom('sign', 'signData', 'C_Sign', 'authenticate', 'prove'),
  );
  const before = inputs(target).length;
  await fc.assert(
    fc.asyncProperty(method, params, async (name, value) => {
      const { error } = await ask(page, { jsonrpc: '2.0', id: 1, method: name, params: value });
      return name === 'hello' || error !== undefined;
    }),
    { numRuns: 200 },
  );
  expect((await call(page, 'hello')).result['protocol']).to.equal('inkan.v1');
  expect(inputs(target).length).to.equal(before);
  page.terminate();
}
