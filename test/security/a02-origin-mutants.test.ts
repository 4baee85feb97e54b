/** A2: an origin counts only if it is equal byte for byte. Mutants of it, at the gate and over the wire. */
import { expect } from 'chai';
import * as fc from 'fast-check';
import { parseProfile } from '../../native-config/load.ts';
import { admit } from '../../web-bridge/server/gate.ts';
import { handshake, knockOnce } from '../stage/knock.ts';
import { refusalOf } from '../stage/refusal.ts';
import { standTarget, type Target } from '../stage/target.ts';
import { ORIGIN } from '../stage/test-bank.ts';

const RULES = { port: 17157, origins: new Set([ORIGIN]) };

const at = fc.nat(ORIGIN.length);
const insertion = fc.tuple(at, fc.string({ minLength: 1, maxLength: 4, unit: 'binary' }));
const label = fc.stringMatching(/^[a-z0-9-]{1,8}$/);
const SWAPS = fc.constantFrom<[string, string]>(
  ['a', 'а'],
  ['e', 'е'],
  ['.', '。'],
  ['.', '%2e'],
  ['/', '\\'],
  ['b', 'B'],
  ['https', 'HTTPS'],
  ['https', 'http'],
  ['www', 'xn--www'],
  ['k.', 'k'],
);
const MUTANT = fc.oneof(
  insertion.map(([index, text]) => ORIGIN.slice(0, index) + text + ORIGIN.slice(index)),
  at.map((index) => ORIGIN.slice(0, index)),
  at.map((index) => ORIGIN.slice(0, index) + ORIGIN.slice(index + 1)),
  fc.tuple(at, fc.nat(0xffff)).map(([index, unit]) => {
    return ORIGIN.slice(0, index) + String.fromCharCode(unit) + ORIGIN.slice(index + 1);
  }),
  label.map((name) => ORIGIN.replace('//', `//${name}.`)),
  label.map((name) => `${ORIGIN}.${name}`),
  label.map((name) => `https://${name}@www.bank.example`),
  label.map((name) => `https://${name}/?${ORIGIN}`),
  fc.nat(65_535).map((port) => `${ORIGIN}:${port}`),
  SWAPS.map(([from, to]) => ORIGIN.replaceAll(from, to)),
  fc.constantFrom(`${ORIGIN}.`, ` ${ORIGIN}`, `${ORIGIN} `, `${ORIGIN}\0`, ORIGIN.normalize('NFD').toUpperCase()),
);
/** Ports that a browser leaves out of an origin, or that mean one of these: a check that parses would take them for ours. */
const WITH_PORT = ['443', '80', '0443', '00443', '0', '', '443 ', '0x1bb', '4430'].map((port) => `${ORIGIN}:${port}`);

function headWith(origin: string): { method: string; url: string; rawHeaders: string[] } {
  const lines = handshake(RULES.port, 'placeholder').split('\r\n').slice(1).filter(Boolean);
  const rawHeaders = lines.flatMap((line) => line.split(': '));
  rawHeaders[rawHeaders.indexOf('placeholder')] = origin;
  return { method: 'GET', url: '/', rawHeaders };
}

describe('A2: mutants of the allowed origin', () => {
  it('are all refused at the gate: 20,000 of them, more than 10,000 of which differ', () => {
    let refused = 0;
    fc.assert(
      fc.property(MUTANT, (origin) => {
        const answer = admit(headWith(origin), RULES);
        if ('refused' in answer) refused += 1;
        return 'origin' in answer === (origin === ORIGIN);
      }),
      { numRuns: 20_000 },
    );
    expect(refused).to.be.greaterThan(10_000);
  });

  for (const origin of WITH_PORT)
    it(`is refused at the gate with a port: "${origin}"`, () => {
      expect(admit(headWith(origin), RULES)).to.deep.equal({ refused: 'origin' });
    });

  describe('over the wire', () => {
    let target: Target;
    before(async () => {
      target = await standTarget();
    });
    after(() => target?.leave());

    it('are all refused as well, and reach no token and no human', async () => {
      const outcomes = { let: 0, refused: 0 };
      await fc.assert(
        fc.asyncProperty(MUTANT, async (origin) => {
          const bytes = Buffer.from(handshake(target.port, origin)).toString('latin1');
          const isIn = (await knockOnce(target.port, bytes)).startsWith('HTTP/1.1 101');
          outcomes[isIn ? 'let' : 'refused'] += 1;
          // Blanks around a header's value are not part of it (RFC 9110 §5.5), and a line break ends it.
          return !isIn || origin.split('\r\n')[0]?.replaceAll(/^[ \t]+|[ \t]+$/g, '') === ORIGIN;
        }),
        { numRuns: 1_000 },
      );
      expect(outcomes.refused).to.be.greaterThan(500);
      expect(target.touched()).to.deep.equal({ calls: 0, dialogs: 0 });
    });

    it('are refused with a port as well, be it the default of https or a way to write it', async () => {
      // Blanks around a header's value are not part of it (RFC 9110 §5.5): the wire cannot tell them.
      for (const origin of WITH_PORT.filter((text) => text === text.trim()))
        expect(await knockOnce(target.port, handshake(target.port, origin)), origin).to.match(/^HTTP\/1\.1 403 /);
    });

    it('cannot be configured either: a profile names whole https origins and no pattern', async () => {
      const json = JSON.parse(JSON.stringify(target.bank.profile)) as Record<string, unknown>;
      const taken = (origin: string) =>
        refusalOf(() => parseProfile(JSON.stringify({ ...json, test: false, origins: [origin] }), 'a file'));
      expect(await taken(ORIGIN)).to.equal('not refused');
      for (const origin of [
        '*',
        'https://*',
        'https://*.bank.example',
        'null',
        'file://',
        'http://www.bank.example',
        'http://localhost:8080',
        'http://127.0.0.1:8080',
        'https://www.bank.example/',
        'https://www.bank.example:443',
        'https://www.bank.example:0443',
        'https://www.bank.example:',
        'https://WWW.bank.example',
        'https://user@www.bank.example',
        'https://www.bänk.example',
        'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
      ])
        expect(await taken(origin), origin).to.equal('ERR_POLICY_PROFILE_INVALID');
    });
  });
});
