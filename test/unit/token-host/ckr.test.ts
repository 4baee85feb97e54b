import { expect } from 'chai';
import { nameOf, rvOf, translate } from '../../../agent/token-host/ckr.ts';
import { AgentError } from '../../../web-bridge/protocol/errors.ts';

const withCode = (code: number): Error => Object.assign(new Error('CKR'), { code });

describe('return values of PKCS#11', () => {
  it('become our codes, with the name of value and function', () => {
    const rows: [number, string, string, string][] = [
      [0xa0, 'C_Login', 'ERR_TOKEN_PIN_INCORRECT', 'CKR_PIN_INCORRECT'],
      [0xa2, 'C_Login', 'ERR_TOKEN_PIN_INVALID', 'CKR_PIN_LEN_RANGE'],
      [0xa4, 'C_Login', 'ERR_TOKEN_PIN_LOCKED', 'CKR_PIN_LOCKED'],
      [0x31, 'C_CreateObject', 'ERR_TOKEN_FULL', 'CKR_DEVICE_MEMORY'],
      [0x32, 'C_Sign', 'ERR_TOKEN_REMOVED', 'CKR_DEVICE_REMOVED'],
      [0xb3, 'C_Sign', 'ERR_TOKEN_REMOVED', 'CKR_SESSION_HANDLE_INVALID'],
      [0xe2, 'C_GenerateKeyPair', 'ERR_TOKEN_WRITE_PROTECTED', 'CKR_TOKEN_WRITE_PROTECTED'],
      [0x5, 'C_Sign', 'ERR_TOKEN_FAILED', 'CKR_GENERAL_ERROR'],
    ];
    for (const [rv, fn, code, name] of rows) {
      const error = translate(fn, withCode(rv));
      expect(error.code, name).to.equal(code);
      expect(error.details).to.deep.equal({ rv: name, fn });
      expect(rvOf(error)).to.equal(name);
    }
  });

  it('mean a cancelled PIN only where a PIN was asked for', () => {
    expect(translate('C_Login', withCode(0x50)).code).to.equal('ERR_USER_PIN_CANCELLED');
    expect(translate('C_Sign', withCode(0x50)).code).to.equal('ERR_TOKEN_FAILED');
  });

  it('are read from the plain errors that the binding throws in some functions', () => {
    expect(translate('C_CreateObject', new Error('CKR_DEVICE_MEMORY:49')).code).to.equal('ERR_TOKEN_FULL');
    expect(rvOf(translate('C_CreateObject', new Error('CKR_VENDOR_DEFINED:2147483714')))).to.equal('CKR_0x80000042');
  });

  it('stay honest when nobody knows them', () => {
    expect(nameOf(0x140)).to.equal('CKR_CURVE_NOT_SUPPORTED');
    expect(nameOf(0x80000001)).to.equal('CKR_0x80000001');
    const error = translate('C_Sign', new TypeError('Argument 2 has wrong type'));
    expect(error.details).to.deep.equal({ rv: 'none', fn: 'C_Sign' });
    expect(rvOf(error)).to.equal(undefined);
    expect(rvOf(new AgentError('ERR_USER_REFUSED'))).to.equal(undefined);
  });
});
