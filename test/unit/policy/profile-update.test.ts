import { expect } from 'chai';
import { CompactSign } from 'jose';
import { openProfileUpdate, thumbprintsOf } from '../../../agent/policy/profile-update.ts';
import { refused } from '../../stage/refusal.ts';
import { newSigningKey, openTestBank, type TestBank } from '../../stage/test-bank.ts';

describe('policy: the update of a profile', () => {
  let bank: TestBank;
  before(async () => {
    bank = await openTestBank();
  });
  const TEXT = '{"names":"見本信用金庫"}';

  async function update(
    header: Readonly<Record<string, unknown>> = {},
    key = bank.key,
    payload = Buffer.from(TEXT),
  ): Promise<string> {
    const usual = { alg: 'ES256', kid: bank.key.kid, typ: 'inkan-profile+jwt' };
    return new CompactSign(payload).setProtectedHeader({ ...usual, ...header }).sign(key.key);
  }

  it('is the text that one of the installed profile’s keys has signed', async () => {
    expect(await openProfileUpdate(await update(), bank.profile)).to.equal(TEXT);
  });

  it('is refused by another key, an unknown kid, another typ, and where it is no JWS or no UTF-8', async () => {
    const stranger = await newSigningKey();
    for (const [what, text] of [
      ['another key', await update({}, stranger)],
      ['an unknown kid', await update({ kid: stranger.kid })],
      ['the typ of an order', await update({ typ: 'inkan-order+jwt' })],
      ['no JWS', '{}'],
      ['no UTF-8', await update({}, bank.key, Buffer.from([0x22, 0xff, 0x22]))],
    ] as const) {
      const { code, details } = await refused(openProfileUpdate(text, bank.profile));
      expect(code, what).to.equal('ERR_POLICY_PROFILE_SIGNATURE_INVALID');
      expect(details).to.deep.equal({ profile: bank.profile.id });
    }
  });

  it('is compared with the bank’s letter by RFC 7638: the example of its §3.1', async () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhM' +
      'stn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5' +
      'hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';
    const key = { kty: 'RSA', n, e: 'AQAB', alg: 'RS256', kid: '2011-04-29' };
    const { profile } = await openTestBank({ orderKeys: { keys: [key] } });
    expect(await thumbprintsOf(profile)).to.deep.equal(['NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs']);
  });
});
