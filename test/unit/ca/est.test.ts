import { expect } from 'chai';
import { connectCa } from '../../../agent/ca/index.ts';
import type { Authorization, CertificationAuthority } from '../../../agent/ports/ca.ts';
import { asDer, type CertificateDer, type CsrDer } from '../../../web-bridge/asn1/der.ts';
import { AgentError } from '../../../web-bridge/protocol/errors.ts';
import { certsOnly, oid, tlv } from '../../stage/asn1.ts';
import { type Authority, makeAuthority, makeLeaf, makeTlsIdentity } from '../../stage/authority.ts';
import { type Handler, type StageServer, startServer } from './server.ts';

const { signal } = new AbortController();
const CSR = asDer<CsrDer>(Uint8Array.from({ length: 200 }, (_, index) => index));
const HOUR_MS = 3_600_000;
const BASIC: Authorization = { scheme: 'basic', id: 'ra-7', asked: false, secret: 'pä:ss' };
const BEARER: Authorization = { scheme: 'bearer', asked: false, secret: 'abc.def' };

describe('ca/est', () => {
  let authority: Authority;
  let server: StageServer;
  let est: CertificationAuthority;
  let leaf: CertificateDer;
  before(async () => {
    authority = await makeAuthority();
    server = await startServer(await makeTlsIdentity(authority.issuing));
    leaf = await makeLeaf({ issuer: authority.issuing, subject: [['CN', 'a']] });
    const service = {
      protocol: 'est',
      url: `${server.url}/.well-known/est/a/b/c`,
      resend: 'never',
      asked: 'basic',
    } as const;
    est = connectCa({ ...service, trustAnchors: [authority.root.pem] }, 30_000);
  });
  after(() => server.close());

  const answerWith = (status: number, headers: Record<string, string> = {}, body: string | Uint8Array = ''): void =>
    server.answerBy((response) => response.writeHead(status, headers).end(body));
  const issueWith = (body: string | Uint8Array): void =>
    answerWith(200, { 'content-type': 'application/pkcs7-mime' }, body);
  const enroll = () => est.request(CSR, BASIC, signal);

  describe('simpleenroll', () => {
    it('sends the request as RFC 7030 §4.2.1 says, in 64 columns with a final newline', async () => {
      issueWith(Buffer.from(certsOnly([leaf, authority.issuing.certificate])).toString('base64'));
      const answer = await enroll();
      const request = server.seen.at(-1);
      expect(request?.method).to.equal('POST');
      expect(request?.url).to.equal('/.well-known/est/a/b/c/simpleenroll');
      expect(request?.headers['content-type']).to.equal('application/pkcs10');
      expect(request?.headers['content-length']).to.equal(String(request?.body.length));
      expect(request?.headers['transfer-encoding']).to.equal(undefined);
      const lines = request?.body.toString().split('\n') ?? [];
      expect(lines.at(-1)).to.equal('');
      expect(lines.slice(0, -2).every((line) => line.length === 64)).to.equal(true);
      expect(new Uint8Array(Buffer.from(lines.join(''), 'base64'))).to.deep.equal(Uint8Array.from(CSR));
      expect(answer.kind).to.equal('issued');
      if (answer.kind !== 'issued') return;
      expect(answer.certificates).to.deep.equal([leaf, authority.issuing.certificate]);
      expect(Math.abs((answer.date?.getTime() ?? 0) - Date.now())).to.be.below(60_000);
    });

    it('sends the same bytes again', async () => {
      issueWith(certsOnly([leaf]));
      await enroll();
      await enroll();
      const [one, other] = server.seen.slice(-2);
      expect(one?.body).to.deep.equal(other?.body);
    });

    it('shows Basic (UTF-8) and Bearer authorizations', async () => {
      issueWith(certsOnly([leaf]));
      await enroll();
      const basic = server.seen.at(-1)?.headers.authorization ?? '';
      expect(Buffer.from(basic.slice(6), 'base64').toString()).to.equal('ra-7:pä:ss');
      await est.request(CSR, BEARER, signal);
      expect(server.seen.at(-1)?.headers.authorization).to.equal('Bearer abc.def');
    });

    it('refuses a typed code that no header can carry, without telling it', async () => {
      const before = server.seen.length;
      const error = await failure(est.request(CSR, { ...BEARER, secret: 'a\r\nHost: 2' }, signal));
      expect(error.code).to.equal('ERR_CA_AUTHORIZATION_REFUSED');
      expect(JSON.stringify(error.details)).to.not.include('Host');
      expect(server.seen.length).to.equal(before);
    });

    const waits: [string, Record<string, string>, number | undefined][] = [
      ['seconds', { 'retry-after': '120' }, 120_000],
      ['zero', { 'retry-after': '0' }, 0],
      ['nothing', {}, undefined],
      ['an absurd number', { 'retry-after': '9'.repeat(40) }, Number.MAX_SAFE_INTEGER],
      ['a negative number', { 'retry-after': '-5' }, undefined],
      ['words', { 'retry-after': 'soon' }, undefined],
      ['a date gone by', { 'retry-after': 'Sun, 06 Nov 1994 08:49:37 GMT' }, 0],
      [
        'a date, by the server’s clock',
        { date: 'Sun, 06 Nov 1994 08:49:37 GMT', 'retry-after': 'Sun, 06 Nov 1994 08:50:37 GMT' },
        60_000,
      ],
    ];
    for (const [what, headers, expected] of waits) {
      it(`is pending with a Retry-After of ${what}`, async () => {
        answerWith(202, headers, 'please wait');
        expect(await enroll()).to.deep.equal({ kind: 'pending', retryAfterMs: expected });
      });
    }

    it('is pending with a Retry-After of a date to come', async () => {
      answerWith(202, { 'retry-after': new Date(Date.now() + HOUR_MS).toUTCString() });
      const answer = await enroll();
      if (answer.kind !== 'pending') throw new Error('not pending');
      expect(answer.retryAfterMs).to.be.within(HOUR_MS - 60_000, HOUR_MS);
    });

    const statuses: [number, string][] = [
      [201, 'ERR_CA_ANSWER_INVALID'],
      [204, 'ERR_CA_ANSWER_INVALID'],
      [302, 'ERR_CA_REDIRECTED'],
      [400, 'ERR_CA_REFUSED'],
      [401, 'ERR_CA_AUTHORIZATION_REFUSED'],
      [403, 'ERR_CA_AUTHORIZATION_REFUSED'],
      [404, 'ERR_CA_REFUSED'],
      [408, 'ERR_CA_UNAVAILABLE'],
      [409, 'ERR_CA_REFUSED'],
      [422, 'ERR_CA_REFUSED'],
      [429, 'ERR_CA_UNAVAILABLE'],
      [500, 'ERR_CA_UNAVAILABLE'],
      [502, 'ERR_CA_ANSWER_LOST'],
      [503, 'ERR_CA_UNAVAILABLE'],
      [504, 'ERR_CA_ANSWER_LOST'],
    ];
    for (const [status, code] of statuses) {
      it(`takes ${status} as ${code}`, async () => {
        answerWith(status, { 'content-type': 'text/html' }, status === 204 ? '' : '<p>理由\n\u001b[31m</p>');
        const error = await failure(enroll());
        expect(error.code).to.equal(code);
        expect(error.details['status']).to.equal(status);
        if (status >= 400) expect(error.details['serverWords']).to.equal('<p>理由 [31m</p>');
      });
    }

    it('has no words where the server has none, and tells neither request nor authorization', async () => {
      answerWith(400);
      const error = await failure(enroll());
      expect(error.details).to.deep.equal({ status: 400 });
      expect(JSON.stringify([error, error.stack])).to.not.match(/pä:ss|Basic/);
    });

    it('refuses an answer that is no PKCS#7', async () => {
      issueWith('<html>Login</html>');
      expect((await failure(enroll())).code).to.equal('ERR_CA_ANSWER_INVALID');
    });

    it('tells an answer lost from a server never reached', async () => {
      server.answerBy((response) => response.destroy());
      expect((await failure(enroll())).code).to.equal('ERR_CA_ANSWER_LOST');
      const gone = await startServer(await makeTlsIdentity(authority.issuing));
      await gone.close();
      const service = { protocol: 'est', url: gone.url, resend: 'never', asked: 'basic' } as const;
      const nobody = connectCa({ ...service, trustAnchors: [authority.root.pem] }, 30_000);
      expect((await failure(nobody.request(CSR, BASIC, signal))).code).to.equal('ERR_CA_UNREACHABLE');
    });
  });

  describe('cacerts', () => {
    it('reads the certificates, without authorization', async () => {
      issueWith(Buffer.from(certsOnly([authority.root.certificate, authority.issuing.certificate])).toString('base64'));
      expect(await est.certificates(signal)).to.deep.equal([authority.root.certificate, authority.issuing.certificate]);
      const request = server.seen.at(-1);
      expect(request?.url).to.equal('/.well-known/est/a/b/c/cacerts');
      expect(request?.method).to.equal('GET');
      expect(request?.headers.authorization).to.equal(undefined);
    });

    const faults: [string, Handler, string][] = [
      ['404', (response) => response.writeHead(404).end(), 'ERR_CA_UNAVAILABLE'],
      ['503', (response) => response.writeHead(503).end(), 'ERR_CA_UNAVAILABLE'],
      ['a redirect', (response) => response.writeHead(301, { location: '/' }).end(), 'ERR_CA_REDIRECTED'],
      ['a closed connection', (response) => response.destroy(), 'ERR_CA_UNREACHABLE'],
      ['garbage', (response) => response.writeHead(200).end('x'), 'ERR_CA_ANSWER_INVALID'],
    ];
    for (const [what, handler, code] of faults) {
      it(`takes ${what} as ${code}`, async () => {
        server.answerBy(handler);
        expect((await failure(est.certificates(signal))).code).to.equal(code);
      });
    }
  });

  describe('csrattrs', () => {
    const RSA = oid('2a864886f70d010101');
    const EC = oid('2a8648ce3d0201');
    const P256 = oid('2a8648ce3d030107');
    const P384 = oid('2b81040022');
    const P521 = oid('2b81040023');
    const SHA256_RSA = oid('2a864886f70d01010b');
    const ECDSA_SHA384 = oid('2a8648ce3d040303');
    const KEY_USAGE = oid('551d0f');
    const EXT_KEY_USAGE = oid('551d25');
    const EXTENSION_REQUEST = oid('2a864886f70d01090e');
    const attribute = (type: Buffer, ...values: Buffer[]) => tlv(0x30, type, tlv(0x31, ...values));
    const bits = (size: number) => tlv(2, Buffer.from([size >> 8, size & 0xff]));

    async function demandsIn(...elements: Buffer[]): Promise<unknown> {
      answerWith(200, { 'content-type': 'application/csrattrs' }, tlv(0x30, ...elements).toString('base64'));
      return est.demands(signal).catch((error: unknown) => (error instanceof AgentError ? error.code : error));
    }

    it('takes 204, 404, MAA= and an empty body as none', async () => {
      for (const [status, body] of [
        [204, ''],
        [404, 'not here'],
        [200, 'MAA=\r\n'],
        [200, ''],
      ] as const) {
        answerWith(status, {}, body);
        expect(await est.demands(signal)).to.deep.equal({ keys: undefined });
      }
      expect(server.seen.at(-1)?.url).to.equal('/.well-known/est/a/b/c/csrattrs');
    });

    const P256_AND_P384 = ['ec-p256', 'ec-p384'];
    const ALL_RSA = ['rsa-2048', 'rsa-3072', 'rsa-4096'];
    const keyCases: [string, Buffer[], unknown][] = [
      ['any RSA', [RSA], ALL_RSA],
      ['RSA of one size', [attribute(RSA, bits(3072))], ['rsa-3072']],
      ['RSA of two sizes', [attribute(RSA, bits(2048), bits(4096))], ['rsa-2048', 'rsa-4096']],
      ['any curve', [EC], P256_AND_P384],
      ['one curve', [attribute(EC, P384)], ['ec-p384']],
      ['a bare curve, as libest says it', [P384], ['ec-p384']],
      ['RSA or a curve', [attribute(RSA, bits(2048)), attribute(EC, P256)], ['rsa-2048', 'ec-p256']],
      ['a curve and its signature algorithm', [EC, ECDSA_SHA384], ['ec-p384']],
      ['a signature algorithm alone', [SHA256_RSA], ALL_RSA],
      ['a curve of ours among others', [attribute(EC, P521, P256)], ['ec-p256']],
    ];
    for (const [what, elements, keys] of keyCases) {
      it(`understands ${what}`, async () => {
        expect(await demandsIn(...elements)).to.deep.equal({ keys });
      });
    }

    it('reads the example of RFC 7030 §4.5.2', async () => {
      const example = 'MEEGCSqGSIb3DQEJBzASBgcqhkjOPQIBMQcGBSuBBAAiMBYGCSqGSIb3DQEJDjEJBgcrBgEBAQEWBggqhkjOPQQDAw==';
      answerWith(200, {}, example);
      // It asks for challengePassword, which ties the request to a TLS session: we cannot.
      const error = await failure(est.demands(signal));
      expect(error.code).to.equal('ERR_CA_ATTRIBUTES_UNSUPPORTED');
      expect(error.details).to.deep.equal({ wanted: 'challengePassword' });
    });

    it('passes over extensions, be they OIDs or Extensions: the order says which the request has', async () => {
      const ordered = { keys: undefined };
      expect(await demandsIn(attribute(EXTENSION_REQUEST, KEY_USAGE, EXT_KEY_USAGE))).to.deep.equal(ordered);
      const extensions = tlv(0x30, tlv(0x30, KEY_USAGE, tlv(4)), tlv(0x30, EXT_KEY_USAGE, tlv(4)));
      expect(await demandsIn(attribute(EXTENSION_REQUEST, extensions))).to.deep.equal(ordered);
    });

    it('passes over what it does not know', async () => {
      expect(await demandsIn(oid('2b0601010101'), attribute(oid('2a03'), tlv(5)))).to.deep.equal({
        keys: undefined,
      });
    });

    const unsupported: [string, () => Buffer][] = [
      ['an RFC 9908 template', () => attribute(oid('2a864886f70d010910023d'), tlv(0x30))],
      ['a template of extensions', () => attribute(oid('2a864886f70d010910023e'), tlv(0x30))],
      ['a curve that we have not', () => attribute(EC, P521)],
      ['a size that we have not', () => attribute(RSA, bits(1024))],
      ['Ed25519', () => oid('2b6570')],
    ];
    for (const [what, element] of unsupported) {
      it(`says at once that ${what} is not supported`, async () => {
        expect(await demandsIn(element())).to.equal('ERR_CA_ATTRIBUTES_UNSUPPORTED');
      });
    }

    it('refuses garbage', async () => {
      for (const body of ['<html>', 'AAAA', tlv(0x30, tlv(2, Buffer.of(1)))]) {
        answerWith(200, {}, body);
        expect((await failure(est.demands(signal))).code).to.equal('ERR_CA_ANSWER_INVALID');
      }
      answerWith(500);
      expect((await failure(est.demands(signal))).code).to.equal('ERR_CA_UNAVAILABLE');
    });
  });
});

async function failure(promise: Promise<unknown>): Promise<AgentError> {
  const error: unknown = await promise.then(
    () => new Error('was answered'),
    (caught: unknown) => caught,
  );
  if (error instanceof AgentError) return error;
  throw error;
}
