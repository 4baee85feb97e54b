import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { exchange } from '../../../agent/ca/http.ts';
import { proxyFor } from '../../../agent/ca/proxy.ts';
import { AgentError } from '../../../web-bridge/protocol/errors.ts';
import { type Authority, makeAuthority, makeTlsIdentity } from '../../stage/authority.ts';
import { type StageServer, startServer } from './server.ts';

const HTTPS = 'https://ca.bank.example/est';

describe('ca/proxy', () => {
  let ca: Authority;
  let server: StageServer;
  let proxy: Server;
  let heads: string[];
  let answer: string;
  const sockets = new Set<Socket>();
  before(async () => {
    ca = await makeAuthority();
    server = await startServer(
      await makeTlsIdentity(ca.issuing, { names: [{ type: 'dns', value: 'ca.bank.example' }] }),
    );
    server.answerBy((response) => response.end('ok'));
    proxy = createServer(serve).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
  });
  beforeEach(() => {
    heads = [];
    answer = 'HTTP/1.1 200 Connection established\r\nVia: 1.1 stage\r\n\r\n';
    setProxy(`http://taro:p%40ss@127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  });
  afterEach(() => setProxy(undefined));
  after(async () => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
    await server.close();
  });

  /** A proxy that takes every name for the stage's server. */
  function serve(socket: Socket): void {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', (head: Buffer) => {
      heads.push(head.toString());
      socket.write(answer);
      if (!answer.startsWith('HTTP/1.1 200')) return;
      const onward = connect(server.port, '127.0.0.1');
      onward.on('error', () => socket.destroy());
      onward.pipe(socket).pipe(onward);
    });
  }

  const call = (url = `${HTTPS}/cacerts`, body?: Uint8Array, timeoutMs = 30_000) => {
    const bounds = { trustAnchors: [ca.root.pem], timeoutMs, signal: new AbortController().signal };
    return exchange({ url, ...(body ? { body } : {}) }, bounds);
  };

  async function failure(promise: Promise<unknown>): Promise<AgentError> {
    const error: unknown = await promise.catch((caught: unknown) => caught);
    if (error instanceof AgentError) return error;
    throw new Error('was answered');
  }

  it('goes through the proxy with TLS to the CA itself', async () => {
    const reply = await call(undefined, Buffer.from('body'));
    expect(Buffer.from(reply.body).toString()).to.equal('ok');
    expect(server.seen.at(-1)?.headers.host).to.equal('ca.bank.example');
    const credentials = Buffer.from('taro:p@ss').toString('base64');
    expect(heads).to.deep.equal([
      `CONNECT ca.bank.example:443 HTTP/1.1\r\nHost: ca.bank.example:443\r\nProxy-Authorization: Basic ${credentials}\r\n\r\n`,
    ]);
  });

  it('trusts the profile’s anchors all the same, and checks the name', async () => {
    const error = await failure(call('https://other.bank.example/est/cacerts'));
    expect(error.code).to.equal('ERR_CA_TLS_UNTRUSTED');
  });

  const refusals: [string, string, string, timeoutMs?: number][] = [
    ['asks for a password', 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', 'ERR_SOCKET_PROXY_407'],
    ['speaks something else', 'garbage\r\n\r\n', 'ERR_SOCKET_PROXY_NONE'],
    ['never ends its head', 'HTTP/1.1 403 x'.padEnd(10_000, 'x'), 'ERR_SOCKET_PROXY_403'],
    ['says nothing more', 'HTTP/1.1 407', 'timeout', 500],
  ];
  for (const [what, text, reason, timeoutMs] of refusals) {
    it(`says unreachable when the proxy ${what}`, async () => {
      answer = text;
      const error = await failure(call(undefined, Buffer.from('body'), timeoutMs));
      expect(error.code).to.equal('ERR_CA_UNREACHABLE');
      expect(error.details).to.deep.equal({ host: 'ca.bank.example', reason });
    });
  }

  it('reads the environment as curl does', () => {
    const of = (url: string, environment: Record<string, string>) => proxyFor(new URL(url), environment)?.host;
    expect(of(HTTPS, {})).to.equal(undefined);
    expect(of(HTTPS, { https_proxy: 'http://p.example:3128' })).to.equal('p.example');
    expect(of(HTTPS, { HTTPS_PROXY: 'p.example:3128' })).to.equal('p.example');
    expect(of(HTTPS, { HTTPS_PROXY: 'http://[::1]:3128' })).to.equal('::1');
    expect(of(HTTPS, { HTTPS_PROXY: 'socks5://p.example' })).to.equal(undefined);
    for (const none of ['*', 'bank.example', '.bank.example', 'x, CA.bank.example']) {
      expect(of(HTTPS, { HTTPS_PROXY: 'http://p.example', no_proxy: none }), none).to.equal(undefined);
    }
    expect(of(HTTPS, { HTTPS_PROXY: 'http://p.example', NO_PROXY: 'k.example,a.bank.example' })).to.equal('p.example');
    for (const here of ['https://localhost:1', 'https://127.0.0.1:1', 'https://[::1]:1']) {
      expect(of(here, { HTTPS_PROXY: 'http://p.example' }), here).to.equal(undefined);
    }
  });
});

function setProxy(value: string | undefined): void {
  delete process.env['https_proxy'];
  if (value !== undefined) process.env['https_proxy'] = value;
}
