/** The published vectors, judged by what we publish for Node: a bank in another language does the same. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { compactVerify, importJWK, type JWK } from 'jose';
import * as v from 'valibot';
import { checkValidity, verifyOrder } from '../../../agent/policy/order.ts';
import type { Profile } from '../../../native-config/schema.ts';
import { LoginRefused, verifyLogin } from '../../../web-bridge/bank/login.ts';
import type { AgentError } from '../../../web-bridge/protocol/errors.ts';
import { orderClaims, type Purpose } from '../../../web-bridge/protocol/order.ts';

const read = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../../../../test/vectors/${name}`, import.meta.url), 'utf8')) as T;

type OrderCase = {
  name: string;
  order: string;
  claims?: object;
  method: Purpose;
  origin: string;
  at: string;
  expect: string;
};
type OrderVectors = { profile: string; keys: { keys: JWK[] }; cases: OrderCase[] };
type LoginCase = { name: string; answer: object; origin: string; nonce: string; at: string; expect: string };
type LoginVectors = { issuers: string[]; cases: LoginCase[] };

describe('test vectors', () => {
  const { profile: id, keys, cases } = read<OrderVectors>('order.json');
  // Of the profile, only this much has a say in whether an order is accepted.
  const origins = [...new Set(cases.map(({ origin }) => origin))];
  const profile = { id, origins, orderKeys: keys } as Pick<Profile, 'id' | 'origins'> as Profile;

  for (const { name, order, method, origin, at, expect: outcome } of cases) {
    it(`order: ${name} is ${outcome} by the agent`, async () => {
      const judge = async (): Promise<string> => {
        const { claims } = await verifyOrder(order, origin, method, [profile]);
        checkValidity(claims, Date.parse(at));
        return 'accepted';
      };
      expect(await judge().catch((error: unknown) => (error as AgentError).code)).to.equal(outcome);
    });
  }

  it('hold no private key', () => {
    expect(JSON.stringify(keys)).to.not.match(/"(d|p|q|dp|dq|qi|k)":/);
  });

  for (const { name, order, claims } of cases.filter((one) => one.expect === 'accepted')) {
    it(`order: ${name} verifies and has the claims`, async () => {
      const jwk = (kid: string | undefined): JWK => keys.keys.find((key) => key.kid === kid)!;
      const { payload } = await compactVerify(order, ({ kid }) => importJWK(jwk(kid)));
      const read: unknown = JSON.parse(new TextDecoder().decode(payload));
      expect(v.is(orderClaims, read)).to.equal(true);
      expect(read).to.deep.equal(claims);
    });
  }

  const login = read<LoginVectors>('login.json');
  for (const { name, answer, origin, nonce, at, expect: outcome } of login.cases) {
    it(`log-in: ${name} is ${outcome}`, async () => {
      const expected = { origin, nonce, issuers: login.issuers, at: new Date(at), isRevoked: () => false };
      const result = await verifyLogin(answer, expected).catch((error: unknown) => error);
      expect(result instanceof LoginRefused ? result.reason : 'accepted').to.equal(outcome);
      if (result instanceof Error && !(result instanceof LoginRefused)) throw result;
    });
  }
});
