/** A1: no page but the bank's gets a WebSocket, and nobody without an Origin. Refused before the upgrade. */
import { expect } from 'chai';
import { handshake, knock, knockOnce, MALFORMED, REFUSAL } from '../stage/knock.ts';
import { OTHER_ORIGIN, standTarget, type Target } from '../stage/target.ts';
import { ORIGIN } from '../stage/test-bank.ts';

describe('A1: the Origin of a stranger', () => {
  let target: Target;
  before(async () => {
    target = await standTarget();
  });
  after(() => target?.leave());
  afterEach(() => expect(target.touched()).to.deep.equal({ calls: 0, dialogs: 0 }));

  it("lets the banks' own origins in, so that the rest of this can fail", async () => {
    for (const origin of [ORIGIN, OTHER_ORIGIN])
      expect(await knockOnce(target.port, handshake(target.port, origin))).to.equal('HTTP/1.1 101 Switching Protocols');
  });

  const STRANGERS: [string, string | string[] | undefined][] = [
    ['none', undefined],
    ['an empty one', ''],
    ['null', 'null'],
    ['plain http of the bank', 'http://www.bank.example'],
    ['another https origin', 'https://evil.example'],
    ['a file', 'file://'],
    ['an extension of Chromium', 'chrome-extension://abcdefghijklmnopabcdefghijklmnop'],
    ['an extension of Firefox', 'moz-extension://12345678-1234-1234-1234-123456789abc'],
    ['two, both ours', [ORIGIN, ORIGIN]],
    ['a strange one and ours', ['https://evil.example', ORIGIN]],
    ['ours and a strange one', [ORIGIN, 'https://evil.example']],
    ['ours and another in one', `${ORIGIN}, https://evil.example`],
    ['the bridge itself', 'http://127.0.0.1'],
    ['localhost', 'http://localhost'],
    ['4 KB', `https://${'a'.repeat(4_000)}.example`],
  ];
  for (const [name, Origin] of STRANGERS)
    it(`${name}: 403 before the upgrade`, async () => {
      expect(await knock(target.port, handshake(target.port, ORIGIN, { Origin }))).to.equal(REFUSAL);
    });

  it('100 KB: refused while it is still being sent', async () => {
    const Origin = `https://${'a'.repeat(100_000)}.example`;
    expect(await knock(target.port, handshake(target.port, ORIGIN, { Origin }))).to.be.oneOf([MALFORMED, '']);
  });
});
