import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { exchange, type HttpRequest, MAX_ANSWER_BYTES, MAX_ERROR_BYTES, serverWords } from '../../../agent/ca/http.ts';
import { AgentError } from '../../../web-bridge/protocol/errors.ts';
import { until } from '../../contract/processes.ts';
import { type Authority, makeAuthority, makeTlsIdentity } from '../../stage/authority.ts';
import { type StageServer, startServer } from './server.ts';

const NEVER = new AbortController().signal;
const BODY = Buffer.from('body');

describe('ca/http', () => {
  let ca: Authority;
  let server: StageServer;
  before(async () => {
    ca = await makeAuthority();
    server = await startServer(await makeTlsIdentity(ca.issuing));
  });
  after(() => server.close());

  type More = { trustAnchors?: string[]; timeoutMs?: number; signal?: AbortSignal };
  const call = (request: HttpRequest, more: More = {}) =>
    exchange(request, { trustAnchors: [ca.root.pem], timeoutMs: 30_000, signal: NEVER, ...more });

  async function failure(request: HttpRequest, more: More = {}): Promise<AgentError> {
    const error: unknown = await call(request, more).then(
      () => new Error('was answered'),
      (caught: unknown) => caught,
    );
    if (error instanceof AgentError) return error;
    throw error;
  }

  it('posts with Content-Length, never chunked, and reads status, body and the server’s date', async () => {
    server.answerBy((response) => response.writeHead(200, { date: 'Sun, 06 Nov 1994 08:49:37 GMT' }).end('answer'));
    const answer = await call({ url: `${server.url}/a/b`, headers: { 'x-one': '1' }, body: BODY });
    expect(answer.status).to.equal(200);
    expect(Buffer.from(answer.body).toString()).to.equal('answer');
    expect(answer.date?.toISOString()).to.equal('1994-11-06T08:49:37.000Z');
    const request = server.seen.at(-1);
    expect(request?.method).to.equal('POST');
    expect(request?.url).to.equal('/a/b');
    expect(request?.headers).to.include({ 'content-length': '4', 'x-one': '1', host: `localhost:${server.port}` });
    expect(request?.headers['transfer-encoding']).to.equal(undefined);
    expect(request?.body).to.deep.equal(BODY);
  });

  it('reaches an address as well as a name', async () => {
    server.answerBy((response) => response.end('ok'));
    expect((await call({ url: `https://127.0.0.1:${server.port}/` })).status).to.equal(200);
  });

  it('takes an issuing CA as a trust anchor', async () => {
    expect((await call({ url: server.url }, { trustAnchors: [ca.issuing.pem] })).status).to.equal(200);
  });

  it('trusts the given anchors only, whatever the environment says', async () => {
    const another = await makeAuthority();
    const before = server.seen.length;
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      const error = await failure({ url: server.url, body: BODY }, { trustAnchors: [another.root.pem] });
      expect(error.code).to.equal('ERR_CA_TLS_UNTRUSTED');
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
    expect(server.seen.length).to.equal(before);
  });

  const identities: [string, () => ReturnType<typeof makeTlsIdentity>][] = [
    ['another host name', () => makeTlsIdentity(ca.issuing, { names: [{ type: 'dns', value: 'bank.example' }] })],
    ['an expired certificate', () => makeTlsIdentity(ca.issuing, { notBefore: new Date(0), notAfter: new Date(1e12) })],
    ['no certificate for servers', () => makeTlsIdentity(ca.issuing, { extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'] })],
  ];
  for (const [what, make] of identities) {
    it(`refuses a server with ${what}`, async () => {
      const wrong = await startServer(await make());
      const error = await failure({ url: wrong.url, body: BODY });
      await wrong.close();
      expect(error.code).to.equal('ERR_CA_TLS_UNTRUSTED');
      expect(wrong.seen).to.deep.equal([]);
    });
  }

  it('refuses TLS 1.1', async () => {
    const options = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
    const old = await startServer(await makeTlsIdentity(ca.issuing), options);
    const error = await failure({ url: old.url, body: BODY });
    await old.close();
    expect(error.code).to.equal('ERR_CA_TLS_UNTRUSTED');
  });

  it('follows no redirect', async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      server.answerBy((response) => response.writeHead(status, { location: `${server.url}/elsewhere` }).end());
      const before = server.seen.length;
      const error = await failure({ url: server.url, headers: { authorization: 'Bearer x' }, body: BODY });
      expect(error.code).to.equal('ERR_CA_REDIRECTED');
      expect(server.seen.length).to.equal(before + 1);
    }
  });

  it('bounds an answer, also one without a declared length', async () => {
    server.answerBy((response) => response.end(Buffer.alloc(MAX_ANSWER_BYTES)));
    expect((await call({ url: server.url })).body.length).to.equal(MAX_ANSWER_BYTES);
    server.answerBy((response) => {
      response.write(Buffer.alloc(MAX_ANSWER_BYTES));
      response.end('x');
    });
    expect((await failure({ url: server.url, body: BODY })).code).to.equal('ERR_CA_ANSWER_TOO_LARGE');
  });

  it('takes the beginning of an error’s text, as plain text', async () => {
    server.answerBy((response) => response.writeHead(400).end(`<b>no\u0000\u202e\r\n</b>${'x'.repeat(100_000)}`));
    const answer = await call({ url: server.url, body: BODY });
    expect(answer.body.length).to.equal(MAX_ERROR_BYTES);
    expect(serverWords(answer))
      .to.match(/^<b>no <\/b>x+$/)
      .and.to.have.length(1000);
  });

  it('keeps the status of an answer whose words break off', async () => {
    server.answerBy((response) => {
      response.writeHead(401, { 'content-length': '100' });
      response.write('half');
      setTimeout(() => response.destroy(), 20);
    });
    const answer = await call({ url: server.url, body: BODY });
    expect(answer.status).to.equal(401);
    expect(serverWords(answer)).to.equal('half');
  });

  it('says unreachable where nobody listens', async () => {
    const gone = await startServer(await makeTlsIdentity(ca.issuing));
    await gone.close();
    const error = await failure({ url: gone.url, body: BODY });
    expect(error.code).to.equal('ERR_CA_UNREACHABLE');
    expect(error.details).to.deep.equal({ host: `localhost:${gone.port}`, reason: 'ECONNREFUSED' });
    const nowhere = await failure({ url: 'https://nowhere.invalid', body: BODY });
    expect(nowhere.code).to.equal('ERR_CA_UNREACHABLE');
  });

  it('says unreachable where the handshake breaks off, hangs, or is none', async () => {
    const answers: [(socket: Socket) => void, More?][] = [
      [(socket) => socket.destroy()],
      [(socket) => socket.end()],
      [() => undefined, { timeoutMs: 300 }],
    ];
    for (const [answer, more] of answers) {
      const error = await withRawServer(answer, (url) => failure({ url, body: BODY }, more));
      expect(error.code).to.equal('ERR_CA_UNREACHABLE');
    }
    const plain = await withRawServer(
      (socket) => socket.write('HTTP/1.1 200 OK\r\n\r\n'),
      (url) => failure({ url, body: BODY }),
    );
    expect(plain.code).to.equal('ERR_CA_TLS_UNTRUSTED');
  });

  const losses: [string, (response: import('node:http').ServerResponse) => void, string, More?][] = [
    ['closes without an answer', (response) => response.destroy(), 'ECONNRESET'],
    ['says nothing', () => undefined, 'timeout', { timeoutMs: 400 }],
    ['speaks no HTTP', (response) => response.socket?.end('garbage\r\n\r\n'), 'HPE_INVALID_CONSTANT'],
    [
      'closes in the middle of a 200',
      (response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half');
        setTimeout(() => response.destroy(), 20);
      },
      'ECONNRESET',
    ],
  ];
  for (const [what, handler, reason, more] of losses) {
    it(`knows that the answer is lost when the server ${what}`, async () => {
      server.answerBy(handler);
      const post = await failure({ url: server.url, body: BODY }, more);
      expect(post.code).to.equal('ERR_CA_ANSWER_LOST');
      expect(post.details['reason']).to.equal(reason);
      const get = await failure({ url: server.url }, more);
      expect(get.code).to.equal('ERR_CA_UNREACHABLE');
    });
  }

  it('bounds a server that drips by the time of the whole', async () => {
    server.answerBy((response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('x'), 30);
      response.on('close', () => clearInterval(drip));
    });
    const started = Date.now();
    const error = await failure({ url: server.url, body: BODY }, { timeoutMs: 400 });
    expect(error.code).to.equal('ERR_CA_ANSWER_LOST');
    // The bound of the whole, and not of a silence; without one this would never end.
    expect(Date.now() - started).to.be.at.least(350);
  });

  it('stops at the caller’s word: before the request with his reason, after it as lost', async () => {
    const reason = new AgentError('ERR_USER_CANCELLED');
    const early = await failure({ url: server.url, body: BODY }, { signal: AbortSignal.abort(reason) });
    expect(early).to.equal(reason);
    const connecting = new AbortController();
    const cancelled = await withRawServer(
      () => connecting.abort(reason),
      (url) => failure({ url, body: BODY }, { signal: connecting.signal }),
    );
    expect(cancelled).to.equal(reason);
    const sent = new AbortController();
    server.answerBy(() => sent.abort(reason));
    const late = await failure({ url: server.url, body: BODY }, { signal: sent.signal });
    expect(late.code).to.equal('ERR_CA_ANSWER_LOST');
    expect(late.details['reason']).to.equal('aborted');
  });

  it('leaves no connection and no listener behind', async () => {
    server.answerBy((response) => response.end('ok'));
    const { signal } = new AbortController();
    for (let round = 0; round < 20; round += 1) await call({ url: server.url }, { signal });
    const sockets = () => process.getActiveResourcesInfo().filter((name) => /^(TLSSocket|TCPSocketWrap)$/.test(name));
    await until('the sockets are closed', () => sockets().length < 5, 10_000);
  });
});

async function withRawServer<T>(onConnection: (socket: Socket) => void, use: (url: string) => Promise<T>): Promise<T> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await use(`https://localhost:${(server.address() as AddressInfo).port}`);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}
