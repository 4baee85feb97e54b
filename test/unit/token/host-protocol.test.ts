import { expect } from 'chai';
import * as v from 'valibot';
import { HOST_OPERATIONS, HOST_STEPS, hostMessage, hostRequest } from '../../../agent/token/host-protocol.ts';
import { TOKEN_OPERATIONS } from '../../../native-config/schema.ts';

const passes = (schema: v.GenericSchema, value: unknown): boolean => v.safeParse(schema, value).success;

describe('the protocol of token hosts', () => {
  it('knows the steps that a profile may set deadlines for, and no others', () => {
    expect([...HOST_STEPS]).to.deep.equal([...TOKEN_OPERATIONS]);
  });

  it('refuses operations that are not its own, inherited names among them', () => {
    expect(passes(hostRequest, { id: 1, operation: 'list', params: {} })).to.equal(true);
    for (const operation of ['sign', 'toString', '__proto__', 'constructor', 1]) {
      expect(passes(hostRequest, { id: 1, operation, params: {} }), String(operation)).to.equal(false);
    }
  });

  it('bounds every size', () => {
    const key = { ckaId: Buffer.alloc(16), spki: Buffer.alloc(91), keyType: 'ec-p256' };
    const { params } = HOST_OPERATIONS.signRequest;
    expect(passes(params, { key, info: Buffer.alloc(64 * 1024) })).to.equal(true);
    expect(passes(params, { key, info: Buffer.alloc(64 * 1024 + 1) })).to.equal(false);
    expect(passes(params, { key: { ...key, ckaId: Buffer.alloc(0) }, info: Buffer.alloc(9) })).to.equal(false);
    expect(passes(params, { key, info: 'text' })).to.equal(false);
    expect(passes(params, { key, info: Buffer.alloc(9), more: 1 })).to.equal(false);
    const chain = Array.from({ length: 17 }, () => Buffer.alloc(9));
    const stored = { key, certificate: Buffer.alloc(9), label: 'x' };
    expect(passes(HOST_OPERATIONS.store.params, { ...stored, chain })).to.equal(false);
  });

  it('takes no answer that is not one, and no code that is not ours', () => {
    expect(passes(hostMessage, { kind: 'error', id: 1, code: 'ERR_TOKEN_FULL', details: { rv: 'x' } })).to.equal(true);
    for (const code of ['ERR_NOBODY_KNOWS', 'toString', 7]) {
      expect(passes(hostMessage, { kind: 'error', id: 1, code, details: {} })).to.equal(false);
    }
    expect(passes(hostMessage, { kind: 'step', step: 'elsewhere' })).to.equal(false);
    expect(passes(hostMessage, { kind: 'result', id: 1, result: {}, more: 1 })).to.equal(false);
  });
});
