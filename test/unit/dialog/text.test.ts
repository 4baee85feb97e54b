import { expect } from 'chai';
import * as fc from 'fast-check';
import { plainLine, plainOrigin, typedCode } from '../../../agent/dialog/text.ts';

const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const anyText = fc.string({ unit: 'binary', maxLength: 400 });

describe('the text of strangers', () => {
  it('is one bounded line without anything invisible, whatever comes', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 2, max: 128 }), fc.constantFrom('start', 'end'), (text, max, keep) => {
        const line = plainLine(text, max, keep);
        expect(Array.from(line).length).to.be.within(1, max);
        expect(line).not.to.match(HARMFUL);
      }),
      { numRuns: 2000 },
    );
  });

  it('stays as it is where it is harmless and fits', () => {
    for (const text of ['株式会社サンプル 管理者', '髙﨑𠮷', 'Müller & Co. <b>', 'ガ', '100%']) {
      expect(plainLine(text, 64)).to.equal(text);
    }
  });

  const cases: Record<string, [text: string, line: string]> = {
    'right-to-left override': ['bank\u202Eelpmaxe', 'bankelpmaxe'],
    'bidi isolates': ['\u2066a\u2069b\u200F', 'ab'],
    'zero-width characters': ['a\u200Db\u200Bc\uFEFFd', 'abcd'],
    'line breaks of all kinds': ['a\nb\r\nc\u2028d\u2029e\u0085f\vg', 'a b c d e f g'],
    'control characters': ['a\u0000b\u001B[31mc\u009Bd', 'a b [31mc d'],
    'fillers that look empty': ['\u3164\u115F\u2800\u00AD', '–'],
    'lone surrogates': ['a\uD800b', 'ab'],
    'piled marks': [`a${'\u0301'.repeat(50)}`, 'á\u0301\u0301'],
    'rows of blanks': ['a \u3000\u00A0  b', 'a b'],
    nothing: ['', '–'],
  };
  for (const [name, [text, line]] of Object.entries(cases)) {
    it(`tames ${name}`, () => expect(plainLine(text, 64)).to.equal(line));
  }

  it('cuts 10 KB quickly and marks the cut', () => {
    const before = process.cpuUsage();
    expect(plainLine('a'.repeat(10_240), 64)).to.equal(`${'a'.repeat(63)}…`);
    expect(plainLine(`${'\u200B'.repeat(10_240)}a`, 64)).to.equal('–');
    plainLine('\u0301\u202E'.repeat(5_120), 64);
    // Time of this process alone: a busy machine is no failure. What backtracks would take minutes.
    expect(process.cpuUsage(before).user / 1e3).to.be.lessThan(500);
  });

  it('shows the end of a long host, which names its owner', () => {
    const origin = `https://www.bank.example.${'a'.repeat(60)}.evil.example`;
    expect(plainOrigin(origin, 24)).to.deep.equal({ text: '…aaaaaaaaaa.evil.example', https: true });
    expect(plainOrigin('https://www.bank.example', 64)).to.deep.equal({ text: 'www.bank.example', https: true });
    expect(plainOrigin('http://localhost:8080', 64)).to.deep.equal({ text: 'http://localhost:8080', https: false });
  });

  it('takes a typed code in full width', () => expect(typedCode(Buffer.from(' ＡＢ－１２ '))).to.equal('AB-12'));
});
