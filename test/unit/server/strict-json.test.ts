import { expect } from 'chai';
import * as fc from 'fast-check';
import { parseStrictly } from '../../../web-bridge/server/strict-json.ts';

const INHERITED = [...Object.getOwnPropertyNames(Object.prototype), 'prototype'];

describe('strict JSON', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = JSON.stringify(value);
        if (INHERITED.some((name) => text.includes(`"${name}":`))) return;
        expect(parseStrictly(text, 8)).to.deep.equal(JSON.parse(text));
      }),
      { numRuns: 2_000 },
    );
  });

  const REFUSED: [string, string][] = [
    ['a name twice', '{"a":1,"a":2}'],
    ['a name twice, once escaped', '{"a":1,"\\u0061":2}'],
    ['a name twice, further in', '{"x":[{"a":{},"b":"{","a":0}]}'],
    ['__proto__', '{"__proto__":{"admin":true}}'],
    ['__proto__ escaped', '{"\\u005f_proto__":1}'],
    ['constructor', '{"params":{"constructor":{}}}'],
    ['prototype', '{"prototype":1}'],
    ['a method of all objects', '{"toString":1}'],
    ['nine levels', '['.repeat(9) + ']'.repeat(9)],
    ['thousands of levels', '['.repeat(8_000) + ']'.repeat(8_000)],
    ['a comment', '{} // x'],
    ['a trailing comma', '[1,]'],
    ['a byte order mark', '\ufeff{}'],
    ['nothing', ''],
  ];
  for (const [name, text] of REFUSED) {
    it(`refuses ${name}`, () => expect(parseStrictly(text, 8)).to.equal(undefined));
  }

  const READ: [string, string][] = [
    ['one name in two objects', '[{"a":1},{"a":2}]'],
    ['a name that is a value too', '{"a":"a","b":["a","a"]}'],
    ['brackets and colons in texts', '{"a":"[[[[[[[[[[{:\\":","b":"}"}'],
    ['many lists beside each other', `[${'[],'.repeat(20)}{}]`],
    ['eight levels', '['.repeat(8) + ']'.repeat(8)],
  ];
  for (const [name, text] of READ) {
    it(`reads ${name}`, () => expect(parseStrictly(text, 8)).to.deep.equal(JSON.parse(text)));
  }
});
