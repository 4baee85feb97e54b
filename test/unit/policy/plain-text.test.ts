import { expect } from 'chai';
import * as v from 'valibot';
import { plainText } from '../../../web-bridge/protocol/order.ts';

const LAST = 0x10_ffff;

describe('plain text', () => {
  it('refuses exactly the control, format, surrogate and separator characters', () => {
    const text = plainText(3);
    const wrong: string[] = [];
    for (let point = 0; point <= LAST; point += 1) {
      const character = String.fromCodePoint(point);
      const refused = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(character);
      if (v.is(text, `a${character}`) === refused) wrong.push(point.toString(16));
    }
    expect(wrong).to.deep.equal([]);
  });
});
