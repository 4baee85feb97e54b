import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { makeSchema, SCHEMA_NAMES, schemaFile } from './schemas.ts';

describe('JSON Schemas for banks', () => {
  for (const name of SCHEMA_NAMES) {
    it(`${name} is what the valibot schema says`, () => {
      expect(JSON.parse(readFileSync(schemaFile(name), 'utf8'))).to.deep.equal(makeSchema(name));
    });
  }
});
