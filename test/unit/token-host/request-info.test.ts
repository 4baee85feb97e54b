import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { assert, nat, property, tuple, uint8Array } from 'fast-check';
import { isRequestInfoFor } from '../../../agent/token-host/request-info.ts';
import { oid, tlv } from '../../stage/asn1.ts';

const spkiOfNewKey = (): Buffer =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'der', type: 'spki' });
const SPKI = spkiOfNewKey();
const VERSION = Buffer.of(2, 1, 0);
const NAME = tlv(0x30, tlv(0x31, tlv(0x30, oid('550403'), tlv(0x0c, Buffer.from('M0001')))));
const EXTENSION_REQUEST = tlv(0x30, oid('2a864886f70d01090e'), tlv(0x31, tlv(0x30)));
const ATTRIBUTES = tlv(0xa0, EXTENSION_REQUEST);
const INFO = tlv(0x30, VERSION, NAME, SPKI, ATTRIBUTES);

describe('what the host takes for a request', () => {
  it('is a CertificationRequestInfo for this key, with attributes or without', () => {
    expect(isRequestInfoFor(INFO, SPKI)).to.equal(true);
    expect(isRequestInfoFor(tlv(0x30, VERSION, NAME, SPKI, tlv(0xa0)), SPKI)).to.equal(true);
    expect(isRequestInfoFor(tlv(0x30, VERSION, tlv(0x30), SPKI, tlv(0xa0)), SPKI)).to.equal(true);
  });

  const LENGTH_NOT_MINIMAL = Buffer.concat([Buffer.of(0xa0, 0x81, EXTENSION_REQUEST.length), EXTENSION_REQUEST]);
  const others: [string, Buffer][] = [
    ['nothing', Buffer.alloc(0)],
    ['a request for another key', tlv(0x30, VERSION, NAME, spkiOfNewKey(), ATTRIBUTES)],
    ['another version', tlv(0x30, Buffer.of(2, 1, 1), NAME, SPKI, ATTRIBUTES)],
    ['a SET', tlv(0x31, VERSION, NAME, SPKI, ATTRIBUTES)],
    ['a subject that is no Name', tlv(0x30, VERSION, tlv(0x30, Buffer.of(5, 0)), SPKI, ATTRIBUTES)],
    ['a subject that is text', tlv(0x30, VERSION, tlv(0x0c, Buffer.from('M0001')), SPKI, ATTRIBUTES)],
    ['no attributes', tlv(0x30, VERSION, NAME, SPKI)],
    ['attributes under another tag', tlv(0x30, VERSION, NAME, SPKI, tlv(0xa1, EXTENSION_REQUEST))],
    ['attributes that are none', tlv(0x30, VERSION, NAME, SPKI, tlv(0xa0, tlv(0x0c, Buffer.from('pay 100'))))],
    ['an element more', tlv(0x30, VERSION, NAME, SPKI, ATTRIBUTES, tlv(0x0c, Buffer.from('pay 100')))],
    ['bytes behind it', Buffer.concat([INFO, Buffer.from('pay 100')])],
    ['a length that is not minimal (BER)', tlv(0x30, VERSION, NAME, SPKI, LENGTH_NOT_MINIMAL)],
    [
      'an indefinite length (BER)',
      Buffer.concat([Buffer.of(0x30, 0x80), VERSION, NAME, SPKI, ATTRIBUTES, Buffer.alloc(2)]),
    ],
    ['a length beyond the end', INFO.subarray(0, -1)],
    ['a proof', Buffer.concat([Buffer.from('inkan-proof-v2\0'), Buffer.alloc(32)])],
  ];
  for (const [what, bytes] of others) it(`is not ${what}`, () => expect(isRequestInfoFor(bytes, SPKI)).to.equal(false));

  it('is not what random bytes are, and none of them is an error', () => {
    const answersNo = (bytes: Uint8Array): boolean => !isRequestInfoFor(bytes, SPKI);
    assert(property(uint8Array({ maxLength: 200 }), answersNo), { numRuns: 2000 });
  });

  it('is not one in whose key a single octet differs', () => {
    const frozen = INFO.length - ATTRIBUTES.length - SPKI.length;
    assert(
      property(tuple(nat(SPKI.length - 1), nat(254)), ([at, change]) => {
        const changed = Buffer.from(INFO);
        changed[frozen + at] = ((changed[frozen + at] ?? 0) + 1 + change) % 256;
        return !isRequestInfoFor(changed, SPKI);
      }),
    );
  });
});
