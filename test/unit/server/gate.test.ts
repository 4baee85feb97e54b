import { expect } from 'chai';
import { admit, type Head } from '../../../web-bridge/server/gate.ts';

const ORIGIN = 'https://www.bank.example';
const RULES = { port: 17157, origins: new Set([ORIGIN]) };
const GOOD: [string, string][] = [
  ['Host', '127.0.0.1:17157'],
  ['Origin', ORIGIN],
  ['Upgrade', 'websocket'],
  ['Connection', 'keep-alive, Upgrade'],
  ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ['Sec-WebSocket-Protocol', 'inkan.v1'],
];

/** A good head, with the named headers replaced by none, one or several values. */
function head(changes: Record<string, string[]> = {}, line: Partial<Head> = {}): Head {
  const kept = GOOD.filter(([name]) => !(name in changes));
  const changed = Object.entries(changes).flatMap(([name, values]) => values.map((value) => [name, value]));
  return { method: 'GET', url: '/', rawHeaders: [...kept, ...changed].flat(), ...line };
}

describe('gate', () => {
  it('lets the configured origin in, and says which it was', () => {
    expect(admit(head(), RULES)).to.deep.equal({ origin: ORIGIN });
  });

  const STRANGE_ORIGINS: [string, string[]][] = [
    ['no Origin', []],
    ['null', ['null']],
    ['plain http of the bank', ['http://www.bank.example']],
    ['another origin', ['https://evil.example']],
    ['a file', ['file://']],
    ['an extension', ['chrome-extension://abcdefghijklmnopabcdefghijklmnop']],
    ['two Origins, both ours', [ORIGIN, ORIGIN]],
    ['ours and another in one', [`${ORIGIN}, https://evil.example`]],
    ['100 KB', [`https://${'a'.repeat(100_000)}.example`]],
    ['a trailing slash', [`${ORIGIN}/`]],
    ['the port that is the default', [`${ORIGIN}:443`]],
    ['an empty one', ['']],
  ];
  for (const [name, Origin] of STRANGE_ORIGINS) {
    it(`refuses ${name}`, () => expect(admit(head({ Origin }), RULES)).to.deep.equal({ refused: 'origin' }));
  }

  it('refuses null even if the list names it', () => {
    const origins = new Set(['null', '']);
    expect(admit(head({ Origin: ['null'] }), { port: 17157, origins })).to.deep.equal({ refused: 'origin' });
  });

  const STRANGE_HOSTS: [string, string[]][] = [
    ['no Host', []],
    ['a rebound name', ['rebound.evil.example:17157']],
    ['two Hosts', ['127.0.0.1:17157', '127.0.0.1:17157']],
    ['another port', ['127.0.0.1:17158']],
    ['no port', ['127.0.0.1']],
    ['0.0.0.0', ['0.0.0.0:17157']],
    ['[::1]', ['[::1]:17157']],
    ['localhost', ['localhost:17157']],
    ['another loopback address', ['127.0.0.2:17157']],
    ['a decimal address', ['2130706433:17157']],
  ];
  for (const [name, Host] of STRANGE_HOSTS) {
    it(`refuses ${name}`, () => expect(admit(head({ Host }), RULES)).to.deep.equal({ refused: 'host' }));
  }

  const OTHERS: [string, Head, string][] = [
    ['POST', head({}, { method: 'POST' }), 'method'],
    ['an absolute URI', head({}, { url: 'http://127.0.0.1:17157/' }), 'path'],
    ['a query', head({}, { url: '/?order=x' }), 'path'],
    ['another path', head({}, { url: '/hello' }), 'path'],
    ['no upgrade', head({ Upgrade: [] }), 'upgrade'],
    ['another upgrade', head({ Upgrade: ['h2c'] }), 'upgrade'],
    ['Connection without upgrade', head({ Connection: ['keep-alive'] }), 'upgrade'],
    ['version 8', head({ 'Sec-WebSocket-Version': ['8'] }), 'version'],
    ['no version', head({ 'Sec-WebSocket-Version': [] }), 'version'],
    ['a short key', head({ 'Sec-WebSocket-Key': ['abc='] }), 'key'],
    ['no subprotocol', head({ 'Sec-WebSocket-Protocol': [] }), 'protocol'],
    ['another subprotocol', head({ 'Sec-WebSocket-Protocol': ['inkan.v2'] }), 'protocol'],
    ['two subprotocols', head({ 'Sec-WebSocket-Protocol': ['inkan.v1, chat'] }), 'protocol'],
  ];
  it('takes no value for a name: a header that carries the name of another says nothing', () => {
    const { rawHeaders, ...line } = head({ 'Sec-WebSocket-Protocol': [], Origin: [] });
    const disguised = ['X-First', 'Sec-WebSocket-Protocol', 'inkan.v1', 'Origin', ORIGIN, 'x'];
    expect(admit({ ...line, rawHeaders: [...rawHeaders, ...disguised] }, RULES)).to.deep.equal({ refused: 'origin' });
    const named = { ...line, rawHeaders: [...rawHeaders, 'Origin', ORIGIN, ...disguised.slice(0, 2), 'inkan.v1', 'x'] };
    expect(admit(named, RULES)).to.deep.equal({ refused: 'protocol' });
  });

  for (const [name, strange, refused] of OTHERS) {
    it(`refuses ${name}`, () => expect(admit(strange, RULES)).to.deep.equal({ refused }));
  }
});
