/** A28: no HTML, no script, no redirect, no CORS; what is not HTTP is 400, everything else that is no page of a bank 403. */
import { expect } from 'chai';
import { handshake, knock, MALFORMED, REFUSAL } from '../stage/knock.ts';
import { standTarget, type Target } from '../stage/target.ts';
import { ORIGIN } from '../stage/test-bank.ts';

describe('A28: the HTTP surface', () => {
  let target: Target;
  before(async () => {
    target = await standTarget();
  });
  after(() => target?.leave());
  afterEach(() => expect(target.touched()).to.deep.equal({ calls: 0, dialogs: 0 }));

  const MALFORMED_ONES: [string, (good: string) => string][] = [
    ['a bare CR in a header', (good) => good.replace(ORIGIN, `${ORIGIN}\rX: y`)],
    ['a bare LF in a header', (good) => good.replace(ORIGIN, `${ORIGIN}\nX y`)],
    ['a NUL in a header', (good) => good.replace(ORIGIN, `${ORIGIN}\0`)],
    ['a folded header', (good) => good.replace('Upgrade: websocket', 'Upgrade: websocket\r\n x')],
    ['a blank before a colon', (good) => good.replace('Origin:', 'Origin :')],
    ['a CR in the URL', (good) => good.replace('GET /', 'GET /\rX')],
    [
      'both lengths of a body',
      (good) => good.replace('\r\n\r\n', '\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'),
    ],
    ['a TLS hello', () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['HTTP/2 with prior knowledge', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['9 KB of headers', (good) => good.replace('\r\n\r\n', `\r\nX: ${'y'.repeat(9_000)}\r\n\r\n`)],
  ];
  for (const [name, bend] of MALFORMED_ONES)
    it(`${name}: 400 without a body`, async () => {
      expect(await knock(target.port, bend(handshake(target.port, ORIGIN)))).to.be.oneOf([MALFORMED, '']);
    });

  it('CR LF in the URL makes two lines, the first of which is a stranger’s', async () => {
    expect(await knock(target.port, 'GET /\r\nX: y HTTP/1.1\r\n\r\n')).to.be.oneOf([REFUSAL, MALFORMED]);
  });

  const plain = { Upgrade: undefined, Connection: 'keep-alive' };
  const LINES = [
    'GET / HTTP/1.1',
    'GET /index.html HTTP/1.1',
    'GET /?callback=alert HTTP/1.1',
    'GET /%0d%0aSet-Cookie:%20a=b HTTP/1.1',
    'GET //evil.example/ HTTP/1.1',
    'GET /../../etc/passwd HTTP/1.1',
    'HEAD / HTTP/1.1',
    'POST / HTTP/1.1',
    'PUT / HTTP/1.1',
    'DELETE / HTTP/1.1',
    'OPTIONS * HTTP/1.1',
    'TRACE / HTTP/1.1',
    'CONNECT 127.0.0.1:80 HTTP/1.1',
    'GET / HTTP/1.0',
  ];
  for (const line of LINES)
    it(`${line}: the same 403 for the bank's own page and a stranger's`, async () => {
      for (const origin of [ORIGIN, 'https://evil.example'])
        expect(await knock(target.port, handshake(target.port, origin, plain, line))).to.equal(REFUSAL);
    });

  it('a pipelined second request is not read', async () => {
    const two = handshake(target.port, ORIGIN, plain) + handshake(target.port, ORIGIN);
    expect(await knock(target.port, two)).to.be.oneOf([REFUSAL, '']);
  });
});
