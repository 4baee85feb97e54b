/**
 * The JSON Schemas of `web-bridge/bank`, made from the valibot schemas.
 * After a change of those: `node dist/test/unit/bank/schemas.js` writes them anew.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { toJsonSchema } from '@valibot/to-json-schema';
import { loginAnswer } from '../../../web-bridge/bank/login.ts';
import { orderClaims } from '../../../web-bridge/protocol/order.ts';

const room = new URL('../../../../web-bridge/bank/', import.meta.url);
const TITLES = { 'order.schema.json': 'Claims of an Inkan order', 'login.schema.json': 'Web eID authentication token' };
export type SchemaName = keyof typeof TITLES;
export const SCHEMA_NAMES = Object.keys(TITLES) as SchemaName[];
const SOURCES = { 'order.schema.json': orderClaims, 'login.schema.json': loginAnswer };

export function schemaFile(name: SchemaName): URL {
  return new URL(name, room);
}

export function makeSchema(name: SchemaName): object {
  const schema = toJsonSchema(SOURCES[name], {
    target: 'draft-2020-12',
    overrideAction: ({ valibotAction, jsonSchema }) =>
      // The one rule that is code in valibot: no control, format or line-separator characters.
      valibotAction.type === 'check'
        ? { ...jsonSchema, pattern: '^[^\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]*$' }
        : undefined,
  });
  return { ...schema, title: TITLES[name] };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of SCHEMA_NAMES) writeFileSync(schemaFile(name), `${JSON.stringify(makeSchema(name), null, 2)}\n`);
}
