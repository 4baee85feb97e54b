/** A7: a PIN never comes through the page: there is no place for one on the wire, and unknown members are refused. */
import { toJsonSchema } from '@valibot/to-json-schema';
import { expect } from 'chai';
import type * as v from 'valibot';
import { errorData } from '../../web-bridge/protocol/envelope.ts';
import { EVENTS } from '../../web-bridge/protocol/events.ts';
import { METHODS } from '../../web-bridge/protocol/methods.ts';
import { orderClaims } from '../../web-bridge/protocol/order.ts';
import { call, codeOf } from '../stage/knock.ts';
import { standTarget, type Target } from '../stage/target.ts';

type Schema = {
  readonly properties?: object;
  readonly additionalProperties?: unknown;
  readonly [name: string]: unknown;
};

/** Every object schema within a schema. */
function objectsIn(schema: unknown): Schema[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const inner = Object.values(schema).flatMap(objectsIn);
  return 'properties' in schema ? [schema as Schema, ...inner] : inner;
}
const schemaOf = (schema: unknown): Schema =>
  toJsonSchema(schema as v.GenericSchema, { errorMode: 'ignore' }) as unknown as Schema;

const WIRE: [string, unknown][] = [
  ...Object.entries(METHODS).flatMap(([name, { params, result }]): [string, unknown][] => [
    [`${name}: parameters`, params],
    [`${name}: result`, result],
  ]),
  ...Object.entries(EVENTS),
  ['error', errorData],
  ['order', orderClaims],
];
const PIN_LIKE = /pin|passw|passphrase|暗証|puk|^so|login/i;

describe('A7: a PIN through the page', () => {
  for (const [name, schema] of WIRE)
    it(`${name}: has no member for one, and takes no member that it does not name`, () => {
      const objects = objectsIn(schemaOf(schema));
      for (const { properties = {}, additionalProperties } of objects) {
        expect(Object.keys(properties).filter((member) => PIN_LIKE.test(member))).to.deep.equal([]);
        expect(additionalProperties).to.equal(false);
      }
    });

  it('the search would find one', () => {
    expect(objectsIn({ properties: { a: { properties: { userPin: {} } } } })).to.have.lengthOf(2);
    expect(PIN_LIKE.test('userPin')).to.equal(true);
  });

  describe('over the wire', () => {
    let target: Target;
    before(async () => {
      target = await standTarget();
    });
    after(() => target?.leave());

    for (const method of Object.keys(METHODS))
      it(`${method} with a PIN beside its parameters is refused before the token and the human`, async () => {
        const page = await target.page();
        const good = /enroll|authenticate|remove/.test(method)
          ? { order: await target.bank.order() }
          : /watch|cancel/.test(method)
            ? { enrollment: 'A'.repeat(22) }
            : {};
        for (const member of ['pin', 'PIN', 'userPin', 'password'])
          expect(await codeOf(call(page, method, { ...good, [member]: '73915846' }))).to.equal(
            'ERR_BRIDGE_PARAMS_INVALID',
          );
        expect(target.touched()).to.deep.equal({ calls: 0, dialogs: 0 });
      });

    it('an order with a PIN in it is refused though the bank signed it', async () => {
      const order = await target.forge({ ...target.bank.claims(), pin: '73915846' });
      expect(await codeOf(call(await target.page(), 'enroll', { order }))).to.equal('ERR_POLICY_ORDER_CLAIMS_INVALID');
      expect(target.touched()).to.deep.equal({ calls: 0, dialogs: 0 });
    });
  });
});
