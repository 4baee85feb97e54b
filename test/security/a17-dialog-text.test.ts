/** A17: the dialog is ours. A stranger's text is bounded and cannot hide, turn or break a line; one question at a time. */
import { expect } from 'chai';
import * as fc from 'fast-check';
import {
  certificateList,
  certificateWording,
  codeWording,
  consentWording,
  pinWording,
  tokenList,
  tokenWording,
  type Wording,
} from '../../agent/dialog/wording.ts';
import { OTHER_ORIGIN, standTarget, type Target } from '../stage/target.ts';

const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const MAX = 64;
/** Longest line of our own words beside one stranger's text; a few lines hold three or four. */
const LINE_MAX = 400;

/** Bidi overrides, joiners, newlines, 10 KB, and anything else. */
const foreign = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.constantFrom('\u202Eelpmaxe', 'a\u200Db', 'first\nsecond', 'a'.repeat(10_240), '\u2067x\u2069', '\r\n\r\n', '%0A'),
);
const token = fc.record({ label: foreign, serialNumber: foreign, model: foreign, slotDescription: foreign });
const bank = fc.record({ ja: foreign, en: foreign });
const account = fc.record({ id: foreign, display: foreign });
const certificate = fc.record({
  subject: foreign,
  role: foreign,
  until: fc.date({ noInvalidDate: true, max: new Date('2099-12-31') }),
  serialNumber: foreign,
  token,
});
const origin = foreign.map((text) => `https://${text}`);
const common = { bank, origin, token, telephone: bank };

type Case = readonly [name: string, wording: fc.Arbitrary<Wording>];
const CASES: readonly Case[] = [
  [
    'the consent to an acquisition',
    fc
      .record({ ...common, purpose: fc.constant('enroll' as const), account, keyType: fc.constant('ec-p256' as const) })
      .map((question) => consentWording('ja', question)),
  ],
  [
    'the consent to a log-in',
    fc
      .record({ ...common, purpose: fc.constant('authenticate' as const), account, certificate })
      .map((question) => consentWording('en', question)),
  ],
  [
    'the PIN',
    fc
      .record({
        bank,
        token,
        account: foreign,
        purpose: fc.constant('enroll' as const),
        tries: fc.constant('unknown' as const),
        refusedBefore: fc.boolean(),
      })
      .map((question) => pinWording('ja', question)),
  ],
  ['the code', fc.record({ bank, account }).map((question) => codeWording('ja', question))],
  [
    'the choice of a token',
    fc.record({ bank, tokens: fc.array(token, { minLength: 1, maxLength: 1 }) }).map((question) => {
      return (max) => [tokenWording('ja', question, 0)(max), tokenList('en', question)(max)].join('\n');
    }),
  ],
  [
    'the choice of a certificate',
    fc.record({ bank, certificates: fc.array(certificate, { minLength: 1, maxLength: 1 }) }).map((question) => {
      return (max) => [certificateWording('ja', question, 0)(max), certificateList('en', question)(max)].join('\n');
    }),
  ],
];

describe('A17: the text of strangers in a dialog', () => {
  for (const [name, wordings] of CASES)
    it(`${name}: as many lines as ours, bounded, nothing hidden in them`, () => {
      const counts = new Set<number>();
      fc.assert(
        fc.property(wordings, (wording) => {
          const lines = wording(MAX).split('\n');
          counts.add(lines.length);
          return lines.every((line) => line.length <= LINE_MAX && !HARMFUL.test(line));
        }),
        { numRuns: 300 },
      );
      // A role that is empty has no line, so a certificate has one of two counts.
      expect(counts.size).to.be.at.most(name.includes('log-in') || name.includes('certificate') ? 2 : 1);
    });

  describe('in an order, over the wire', () => {
    let target: Target;
    before(async () => {
      target = await standTarget();
    });
    after(() => target?.leave());
    beforeEach(() => target.forget());

    for (const [name, text] of [
      ['a right-to-left override', 'bank\u202Eelpmaxe'],
      ['a zero-width joiner', 'a\u200Db'],
      ['a newline', 'M0001\n\nPIN:'],
      ['a NUL', 'a\0b'],
      ['a lone surrogate', 'a\uD800b'],
      ['a line separator', 'a\u2028b'],
      ['10 KB', 'あ'.repeat(3_000)],
    ] as const)
      it(`${name} is refused before token and human`, async () => {
        const claims = target.bank.claims();
        for (const changes of [
          { account: { id: 'M0001', display: text } },
          { account: { id: text, display: 'x' } },
          { subject: [['CN', text]] },
        ])
          expect(await target.refusal('enroll', { order: await target.forge({ ...claims, ...changes }) })).to.be.oneOf([
            'ERR_POLICY_ORDER_CLAIMS_INVALID',
            'ERR_BRIDGE_PARAMS_INVALID',
          ]);
        expect(target.touched()).to.deep.equal({ calls: 0, dialogs: 0 });
      });

    it('a second request while a dialog is open is BUSY, for every page and every purpose', async () => {
      const { bank, other, dialogs } = target;
      dialogs.answer('wait');
      const page = await target.page();
      page.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'enroll', params: { order: await bank.order() } }));
      while (target.touched().dialogs === 0) await new Promise((later) => setTimeout(later, 20));
      const { calls } = target.touched();
      const theirs = await other.order({ origin: OTHER_ORIGIN });
      expect(await target.refusal('enroll', { order: await bank.order() })).to.equal('ERR_BRIDGE_BUSY');
      expect(await target.refusal('enroll', { order: theirs }, OTHER_ORIGIN)).to.equal('ERR_BRIDGE_BUSY');
      expect(target.touched()).to.deep.equal({ calls, dialogs: 1 });
    });
  });
});
