import { expect } from 'chai';
import pkcs11js from 'pkcs11js';
import { KEY_TYPES } from '../../../web-bridge/protocol/order.ts';
import { KEY_TYPE } from '../../../web-bridge/x509/key-types.ts';

/** The numbers by their names in PKCS#11. */
const numberOf = (name: string): unknown => Reflect.get(pkcs11js, name);

describe('the PKCS#11 numbers in the table of key types', () => {
  for (const type of KEY_TYPES)
    it(`are those that pkcs11js has for ${type}`, () => {
      const { family, hash, pkcs11 } = KEY_TYPE[type];
      const HASH = hash.toUpperCase();
      const names =
        family === 'RSA'
          ? ['CKK_RSA', 'CKM_RSA_PKCS_KEY_PAIR_GEN', `CKM_${HASH}_RSA_PKCS`, 'CKM_RSA_PKCS']
          : ['CKK_EC', 'CKM_EC_KEY_PAIR_GEN', `CKM_ECDSA_${HASH}`, 'CKM_ECDSA'];
      const { keyType, generation, hashing, bare } = pkcs11;
      expect([keyType, generation, hashing, bare]).to.deep.equal(names.map(numberOf));
    });
});
