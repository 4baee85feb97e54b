/** The CA's front door: Enrollment over Secure Transport, RFC 7030, for one label. */
import 'reflect-metadata';

import { X509Certificates } from '@peculiar/x509';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Authority } from './authority.ts';
import { type Answer, answerRequest, authorize, type Issuing, Refusal } from './issuance.ts';

/** A CSR with an RSA-4096 key has some 2 KB in base64. */
const MAX_REQUEST_BYTES = 32 * 1024;
const LINE = /.{1,64}/g;

/** RFC 7030 §4: base64 of DER, in lines. */
function base64Lines(der: ArrayBuffer): string {
  return `${(Buffer.from(der).toString('base64').match(LINE) ?? []).join('\n')}\n`;
}

/** RFC 7030 §4.1.3, §4.2.3: certificates only, a CMS without a signer. */
function certsOnly(certificates: X509Certificates): string {
  return base64Lines(certificates.export('raw'));
}

async function sendPkcs7(reply: FastifyReply, certificates: X509Certificates): Promise<void> {
  await reply
    .header('content-transfer-encoding', 'base64')
    .type('application/pkcs7-mime; smime-type=certs-only')
    .send(certsOnly(certificates));
}

async function sendAnswer(reply: FastifyReply, answer: Answer, { issuing }: Authority): Promise<void> {
  if (answer.kind === 'pending') {
    await reply
      .code(202)
      .header('retry-after', answer.retryAfterSeconds)
      .type('text/plain')
      .send('Waiting for approval\n');
    return;
  }
  await sendPkcs7(reply, new X509Certificates([answer.certificate, issuing.certificate]));
}

async function refuse(error: unknown, reply: FastifyReply): Promise<void> {
  if (error instanceof Refusal) {
    if (error.status === 401) void reply.header('www-authenticate', 'Basic realm="EST", charset="UTF-8"');
    await reply.code(error.status).type('text/plain').send(`${error.message}\n`);
    return;
  }
  const { statusCode = 500 } = error as { statusCode?: number };
  if (statusCode >= 500) console.error('EST server:', error);
  await reply
    .code(statusCode)
    .type('text/plain')
    .send(statusCode >= 500 ? 'Internal failure\n' : 'Bad request\n');
}

/** RFC 7030 §3.2.2: `label` stands between the well-known path and the operation. */
export function estServer(issuing: Issuing, label: string, tls: { key: string; cert: string }): FastifyInstance {
  const { authority } = issuing;
  const app = Fastify({
    https: { ...tls, minVersion: 'TLSv1.2' },
    bodyLimit: MAX_REQUEST_BYTES,
  }) as unknown as FastifyInstance;
  const base = `/.well-known/est/${label}`;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/pkcs10', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, _request, reply) => refuse(error, reply));
  app.setNotFoundHandler((_request, reply) => reply.code(404).type('text/plain').send('Not found\n'));

  app.get(`${base}/cacerts`, (_request, reply) =>
    sendPkcs7(reply, new X509Certificates([authority.issuing.certificate, authority.root.certificate])),
  );
  // RFC 7030 §4.5.2: the CA asks for nothing beyond the order.
  app.get(`${base}/csrattrs`, (_request, reply) => reply.code(204).send());
  app.post(`${base}/simpleenroll`, async (request: FastifyRequest, reply) => {
    const authorization = authorize(issuing, request.headers.authorization);
    await sendAnswer(reply, await answerRequest(issuing, authorization, request.body), authority);
  });
  return app;
}
