import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect } from 'chai';
import { CompactSign } from 'jose';
import { checkValidity, unverifiedClaims, verifyOrder } from '../../../agent/policy/order.ts';
import { loginPlanFor, planFor, purposeOf, removalPlanFor } from '../../../agent/policy/plan.ts';
import { publicJwk, readSigningKey, type SigningKey } from '../../../web-bridge/bank/signing-key.ts';
import { ORDER_MAX_LENGTH, type OrderClaims } from '../../../web-bridge/protocol/order.ts';
import { refusalOf, refused } from '../../stage/refusal.ts';
import { loginOrder, newSigningKey, ORIGIN, openTestBank, removalOrder, type TestBank } from '../../stage/test-bank.ts';

describe('policy: an order', () => {
  let pc: TestBank;
  before(async () => {
    pc = await openTestBank();
  });

  const verify = (order: string, origin = ORIGIN, purpose: OrderClaims['purpose'] = 'enroll') =>
    verifyOrder(order, origin, purpose, [pc.profile]);

  /** Signs whatever claims: the bank library would not. */
  async function signed(changes: Record<string, unknown>, header: Record<string, unknown> = {}): Promise<string> {
    const { key, kid, alg } = pc.key;
    return await new CompactSign(Buffer.from(JSON.stringify(pc.claims(changes))))
      .setProtectedHeader({ alg, kid, typ: 'inkan-order+jwt', ...header })
      .sign(key);
  }

  it('is accepted as the bank signed it, and makes a plan without its secret', async () => {
    const verified = await verify(await pc.order());
    checkValidity(verified.claims, Date.now());
    const { plan, secret } = planFor(verified);
    expect(secret).to.equal('one-time-secret');
    expect(plan.keys).to.deep.equal(['ec-p256', 'rsa-2048']);
    expect(JSON.stringify(plan)).not.to.include('one-time-secret');
    expect(JSON.parse(JSON.stringify(plan))).to.deep.equal(plan);
  });

  const WRONG: readonly [string, Record<string, unknown>, string][] = [
    ['another audience', { aud: 'somebody' }, 'ERR_POLICY_ORDER_CLAIMS_INVALID'],
    ['an unknown issuer', { iss: 'other-bank' }, 'ERR_POLICY_ORDER_ISSUER_UNKNOWN'],
    ['an issuer from the prototype', { iss: 'constructor' }, 'ERR_POLICY_ORDER_ISSUER_UNKNOWN'],
    ['a short jti', { jti: 'short' }, 'ERR_POLICY_ORDER_CLAIMS_INVALID'],
    ['no jti', { jti: undefined }, 'ERR_POLICY_ORDER_CLAIMS_INVALID'],
    ['times as text', { iat: '0' }, 'ERR_POLICY_ORDER_CLAIMS_INVALID'],
    ['another origin', { origin: 'https://www.other.example' }, 'ERR_POLICY_ORDER_ORIGIN_MISMATCH'],
    ['an origin with a slash', { origin: `${ORIGIN}/` }, 'ERR_POLICY_ORDER_ORIGIN_MISMATCH'],
    ['another purpose', { purpose: 'remove' }, 'ERR_POLICY_ORDER_CLAIMS_INVALID'],
    ['an unknown member', { extractable: true }, 'ERR_POLICY_ORDER_CLAIMS_INVALID'],
    [
      'a URL of its own',
      { enrollment: { protocol: 'est', label: 'customers', url: 'https://evil.example' } },
      'ERR_POLICY_ORDER_CLAIMS_INVALID',
    ],
    ['an unknown key type', { keys: ['rsa-1024'] }, 'ERR_POLICY_ORDER_CLAIMS_INVALID'],
    ['no key type', { keys: [] }, 'ERR_POLICY_ORDER_CLAIMS_INVALID'],
    ['an unknown subject attribute', { subject: [['1.2.3', 'x']] }, 'ERR_POLICY_ORDER_CLAIMS_INVALID'],
    [
      'a bidi character in the account',
      { account: { id: 'M1', display: 'a\u202Eb' } },
      'ERR_POLICY_ORDER_CLAIMS_INVALID',
    ],
    ['a line break in the subject', { subject: [['CN', 'a\nb']] }, 'ERR_POLICY_ORDER_CLAIMS_INVALID'],
    [
      'keyCertSign',
      { extensions: { keyUsage: ['keyCertSign'], extendedKeyUsage: ['clientAuth'] } },
      'ERR_POLICY_ORDER_CLAIMS_INVALID',
    ],
  ];
  for (const [what, changes, code] of WRONG) {
    it(`with ${what} is refused by ${code}`, async () => {
      expect(await refusalOf(verify(await signed(changes)))).to.equal(code);
    });
  }

  it('for another method is refused', async () => {
    expect(await refusalOf(verify(await pc.order(), ORIGIN, 'reenroll'))).to.equal('ERR_POLICY_ORDER_PURPOSE_MISMATCH');
  });

  it('over a socket of another origin is refused, even one of the bank', async () => {
    const order = await pc.order();
    expect(await refusalOf(verify(order, 'https://www.bank.example:8443'))).to.equal(
      'ERR_POLICY_ORDER_ORIGIN_MISMATCH',
    );
  });

  it('with a signature of another key, of none, or changed by one character is refused', async () => {
    const stranger = await newSigningKey();
    const forged = await new CompactSign(Buffer.from(JSON.stringify(pc.claims())))
      .setProtectedHeader({ alg: 'ES256', kid: pc.key.kid, typ: 'inkan-order+jwt' })
      .sign(stranger.key);
    expect(await refusalOf(verify(forged))).to.equal('ERR_POLICY_ORDER_SIGNATURE_INVALID');
    const [header = '', payload = '', signature = ''] = (await pc.order()).split('.');
    expect(await refusalOf(verify(`${header}.${payload}.`))).to.equal('ERR_POLICY_ORDER_SIGNATURE_INVALID');
    const flipped = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    expect(await refusalOf(verify(`${header}.${payload}.${flipped}`))).to.equal('ERR_POLICY_ORDER_SIGNATURE_INVALID');
  });

  it('by "none" or by an HMAC over the public key is refused', async () => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const { kid } = pc.key;
    const body = (alg: string) => `${part({ alg, kid, typ: 'inkan-order+jwt' })}.${part(pc.claims())}`;
    expect(await refusalOf(verify(`${body('none')}.`))).to.equal('ERR_POLICY_ORDER_SIGNATURE_INVALID');
    const mac = createHmac('sha256', JSON.stringify(pc.profile.orderKeys.keys[0]))
      .update(body('HS256'))
      .digest('base64url');
    expect(await refusalOf(verify(`${body('HS256')}.${mac}`))).to.equal('ERR_POLICY_ORDER_SIGNATURE_INVALID');
  });

  it('with a wrong typ, an unknown kid, or a critical header that we do not know is refused', async () => {
    expect(await refusalOf(verify(await signed({}, { typ: 'JWT' })))).to.equal('ERR_POLICY_ORDER_MALFORMED');
    expect(await refusalOf(verify(await signed({}, { kid: 'unknown' })))).to.equal('ERR_POLICY_ORDER_KEY_UNKNOWN');
    const [, payload = '', signature = ''] = (await pc.order()).split('.');
    const header = { alg: 'ES256', kid: pc.key.kid, typ: 'inkan-order+jwt', crit: ['b64x'], b64x: false };
    const critical = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.${signature}`;
    expect(await refusalOf(verify(critical))).to.equal('ERR_POLICY_ORDER_SIGNATURE_INVALID');
  });

  it('for an origin that its own bank does not have is refused, though the page has the same', async () => {
    const origin = 'https://evil.example';
    expect(await refusalOf(verify(await signed({ origin }), origin))).to.equal('ERR_POLICY_ORDER_ORIGIN_MISMATCH');
  });

  it('may be 12 KiB long and not longer', async () => {
    // The length of base64url goes by steps: a character more in the header or in the claims meets each.
    const lengths = new Map<number, string>();
    for (const id of ['M1', 'M12', 'M123']) {
      const padded = (pad: number) => signed({ account: { id, display: 'x' } }, { pad: 'x'.repeat(pad) });
      const about = Math.floor(((ORDER_MAX_LENGTH - (await padded(0)).length) * 3) / 4);
      for (const pad of [-2, -1, 0, 1, 2].map((more) => about + more)) {
        const order = await padded(pad);
        lengths.set(order.length, order);
      }
    }
    expect(await refusalOf(verify(lengths.get(ORDER_MAX_LENGTH) ?? ''))).to.equal('not refused');
    expect(await refusalOf(verify(lengths.get(ORDER_MAX_LENGTH + 1) ?? ''))).to.equal('ERR_POLICY_ORDER_MALFORMED');
  });

  it('that is not UTF-8 is refused, though the bank signed it', async () => {
    const claims = Buffer.from(JSON.stringify(pc.claims({ account: { id: 'M1', display: 'a?b' } })));
    claims[claims.indexOf('a?b') + 1] = 0xff;
    const { key, kid, alg } = pc.key;
    const order = await new CompactSign(claims).setProtectedHeader({ alg, kid, typ: 'inkan-order+jwt' }).sign(key);
    const { code, details } = await refused(verify(order));
    expect(code).to.equal('ERR_POLICY_ORDER_CLAIMS_INVALID');
    expect(details).to.deep.equal({ member: 'document' });
  });

  describe('by each kind of key', () => {
    const pem = (key: KeyObject) => key.export({ format: 'pem', type: 'pkcs8' }).toString();
    const { privateKey: ed25519 } = generateKeyPairSync('ed25519');
    const { privateKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const underKey = async (key: SigningKey, alg: string): Promise<string> => {
      const own = await openTestBank({ orderKeys: { keys: [publicJwk(key)] } });
      const order = await new CompactSign(Buffer.from(JSON.stringify(own.claims())))
        .setProtectedHeader({ alg, kid: key.kid, typ: 'inkan-order+jwt' })
        .sign(key.key);
      return refusalOf(verifyOrder(order, ORIGIN, 'enroll', [own.profile]));
    };

    for (const [key, algorithm] of [
      [ed25519, 'EdDSA'],
      [rsa, 'PS256'],
      [rsa, 'RS256'],
    ] as const)
      it(`is accepted as ${algorithm} signs it`, async () => {
        expect(await underKey(await readSigningKey(pem(key), { algorithm }), algorithm)).to.equal('not refused');
      });

    it('is refused by an algorithm that is not the key’s own, whatever its header says', async () => {
      const key = await readSigningKey(pem(rsa), { algorithm: 'PS256' });
      expect(await underKey(key, 'RS256')).to.equal('ERR_POLICY_ORDER_SIGNATURE_INVALID');
    });
  });

  it('that nobody has verified tells its issuer, origin and purpose, or is malformed', async () => {
    const { iss, origin, purpose } = pc.claims();
    expect(unverifiedClaims(await pc.order())).to.deep.equal({ iss, origin, purpose });
    const nothing = { iss: undefined, origin: undefined, purpose: undefined };
    expect(unverifiedClaims(`x.${Buffer.from('null').toString('base64url')}.z`)).to.deep.equal(nothing);
    for (const text of ['', 'x', 'x.e30x.z']) {
      expect(await refusalOf(() => unverifiedClaims(text)), text).to.equal('ERR_POLICY_ORDER_MALFORMED');
    }
  });

  for (const garbage of ['', 'a', 'a.b', 'a.b.c', 'a.b.c.d', '..', `${'x'.repeat(20_000)}.y.z`]) {
    it(`that is ${JSON.stringify(garbage.slice(0, 12))} (${garbage.length} characters) is refused`, async () => {
      expect(await refusalOf(verify(garbage))).to.equal('ERR_POLICY_ORDER_MALFORMED');
    });
  }

  const S = 1000;
  const TIMES: readonly [string, { iat: number; exp: number }, string][] = [
    ['lives 15 minutes', { iat: 0, exp: 900 }, 'not refused'],
    ['lives a second longer', { iat: 0, exp: 901 }, 'ERR_POLICY_ORDER_LIFETIME_TOO_LONG'],
    ['ends before it begins', { iat: 100, exp: 100 }, 'ERR_POLICY_ORDER_LIFETIME_TOO_LONG'],
    ['comes from a clock 5 minutes ahead', { iat: 300, exp: 600 }, 'not refused'],
    ['comes from a clock further ahead', { iat: 301, exp: 600 }, 'ERR_POLICY_ORDER_NOT_YET_VALID'],
    ['expired less than 5 minutes ago', { iat: -600, exp: -299 }, 'not refused'],
    ['expired 5 minutes ago', { iat: -600, exp: -300 }, 'ERR_POLICY_ORDER_EXPIRED'],
  ];
  for (const [what, { iat, exp }, code] of TIMES) {
    it(`that ${what}: ${code}`, async () => {
      const now = 1_800_000_000;
      const claims = { ...pc.claims(), iat: now + iat, exp: now + exp };
      expect(await refusalOf(() => checkValidity(claims, now * S))).to.equal(code);
    });
  }
});

describe('policy: a plan', () => {
  const planned = async (changes: Record<string, unknown>, profileChanges: Record<string, unknown> = {}) => {
    const pc = await openTestBank(profileChanges);
    const purpose = changes['purpose'] === 'reenroll' ? 'reenroll' : 'enroll';
    return planFor(await verifyOrder(await pc.order(changes), ORIGIN, purpose, [pc.profile]));
  };
  const enrollment = (label: string, authorization: unknown = { scheme: 'bearer', secret: 's' }) => ({
    enrollment: { protocol: 'est', label, authorization },
  });

  it("needs a label of the profile's own table", async () => {
    for (const label of ['unknown', 'constructor', '__proto__']) {
      expect(await refusalOf(planned(enrollment(label)))).to.equal('ERR_POLICY_LABEL_UNKNOWN');
    }
  });

  it('takes the key types that the profile allows too, in the order of the order', async () => {
    expect((await planned({ keys: ['rsa-4096', 'rsa-2048', 'ec-p256'] })).plan.keys).to.deep.equal([
      'rsa-2048',
      'ec-p256',
    ]);
    const { code, details } = await refused(planned({ keys: ['rsa-4096', 'rsa-3072'] }));
    expect([code, details['ordered']]).to.deep.equal(['ERR_POLICY_KEY_TYPE_REFUSED', 'rsa-4096 rsa-3072']);
  });

  it('has the human type a code where the order says "asked"', async () => {
    const { plan, secret } = await planned(enrollment('customers', { scheme: 'asked', id: 'M0001' }));
    expect(secret).to.equal(undefined);
    expect(plan.authorization).to.deep.equal({ scheme: 'basic', id: 'M0001', asked: true });
  });

  it('shows the CA what the order has for it, by the scheme that it names', async () => {
    const bearer = await planned(enrollment('customers'));
    expect(bearer.plan.authorization).to.deep.equal({ scheme: 'bearer', asked: false });
    expect(bearer.secret).to.equal('s');
    const basic = await planned(enrollment('customers', { scheme: 'basic', id: 'M0001', secret: 's' }));
    expect(basic.plan.authorization).to.deep.equal({ scheme: 'basic', id: 'M0001', asked: false });
    const typed = await openTestBank();
    const customers = { ...typed.profile.enrollment['customers'], asked: 'bearer' };
    const asked = enrollment('customers', { scheme: 'asked', id: 'M0001' });
    const { plan } = await planned(asked, { enrollment: { customers } });
    expect(plan.authorization).to.deep.equal({ scheme: 'bearer', asked: true });
  });

  it('judges the subject by the order of RDNs that the profile names', async () => {
    expect((await planned({})).plan.rdnOrder).to.equal('as-ordered');
    expect((await planned({}, { subject: { rdnOrder: 'any' } })).plan.rdnOrder).to.equal('any');
  });

  it('is called 取得, 更新 while the old certificate is valid, and 再取得 after', async () => {
    const { plan } = await planned({});
    expect(purposeOf(plan)).to.equal('enroll');
    const previous = (expired: boolean) => ({
      ...plan,
      purpose: 'reenroll' as const,
      previous: { certificate: '', expired },
    });
    expect(purposeOf(previous(false))).to.equal('renew');
    expect(purposeOf(previous(true))).to.equal('reacquire');
    expect(purposeOf({ ...plan, purpose: 'reenroll' })).to.equal('renew');
  });

  it("refuses to replace a certificate of an issuer that is not the profile's", async () => {
    const replaces = { issuer: 'MAA=', serialNumber: '01' };
    expect(await refusalOf(planned({ purpose: 'reenroll', replaces }))).to.equal('ERR_POLICY_REPLACES_FOREIGN');
  });
});

describe('policy: plans of what is done at once', () => {
  let pc: TestBank;
  before(async () => {
    pc = await openTestBank();
  });
  const issuer = () => Buffer.from(new Uint8Array(pc.authority.issuing.name.toArrayBuffer())).toString('base64');
  const verified = (order: string, purpose: OrderClaims['purpose']) =>
    verifyOrder(order, ORIGIN, purpose, [pc.profile]);

  it('log in by the order’s nonce, whoever the customer is; the order is spent for as long as it could be shown', async () => {
    const nonce = 'n'.repeat(44);
    const order = await verified(await loginOrder(pc, nonce), 'authenticate');
    const plan = loginPlanFor(order);
    expect(plan).to.include({ purpose: 'authenticate', nonce, origin: ORIGIN, profile: pc.profile.id });
    expect(plan).to.not.have.property('account');
    expect(plan.spentUntil).to.equal((order.claims.exp + 300) * 1000);
    const account = { id: 'M0001', display: '株式会社サンプル' };
    const named = await verified(await loginOrder(pc, nonce, { account }), 'authenticate');
    expect(loginPlanFor(named).account).to.deep.equal(account);
    expect(await refusalOf(() => removalPlanFor(order))).to.equal('ERR_POLICY_ORDER_PURPOSE_MISMATCH');
    const { code, details } = await refused(() => planFor(order));
    expect([code, details]).to.deep.equal(['ERR_POLICY_ORDER_PURPOSE_MISMATCH', { ordered: 'authenticate' }]);
  });

  it('remove this bank’s certificates, and no other bank’s', async () => {
    const replaces = { issuer: issuer(), serialNumber: '4f2a' };
    const order = await verified(await removalOrder(pc, replaces), 'remove');
    expect(removalPlanFor(order).replaces).to.deep.equal(replaces);
    const foreign = await verified(await removalOrder(pc, { ...replaces, issuer: 'MAA=' }), 'remove');
    expect(await refusalOf(() => removalPlanFor(foreign))).to.equal('ERR_POLICY_REPLACES_FOREIGN');
    expect(await refusalOf(() => loginPlanFor(order))).to.equal('ERR_POLICY_ORDER_PURPOSE_MISMATCH');
  });
});
