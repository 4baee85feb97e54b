/** Enrollment over Secure Transport: RFC 7030, clarified by RFC 8951 and RFC 9908. */

import type { CertificateDer, CsrDer } from '../../web-bridge/asn1/der.ts';
import { AgentError, type ErrorCode } from '../../web-bridge/protocol/errors.ts';
import type { Authorization, CaAnswer, CertificationAuthority, ConnectCa, RequestDemands } from '../ports/ca.ts';
import { csrAttributesOf, NO_DEMANDS } from './csrattrs.ts';
import { exchange, type HttpAnswer, httpDate, serverWords } from './http.ts';
import { certificatesOf } from './pkcs7.ts';
import { encodeTransfer } from './transfer.ts';

type Service = { readonly url: string; readonly trustAnchors: readonly string[]; readonly timeoutMs: number };

/** Speaks EST with the service at this URL. The URL is not interpreted: only the operation is appended (RFC 7030 §3.2.2). */
export const connectEst: ConnectCa = ({ url, trustAnchors }, timeoutMs): CertificationAuthority => {
  const service = { url, trustAnchors, timeoutMs };
  return {
    demands: async (signal) => processCsrattrs(await get(service, 'csrattrs', signal)),
    certificates: async (signal) => processCacerts(await get(service, 'cacerts', signal)),
    request: async (csr, authorization, signal) =>
      processSimpleenroll(await requestSimpleenroll(service, csr, authorization, signal)),
    // `cacerts` needs no authorization, and every answer has a Date (RFC 9110 §6.6.1).
    clock: async (signal) => (await get(service, 'cacerts', signal)).date,
  };
};

function get(service: Service, operation: string, signal: AbortSignal): Promise<HttpAnswer> {
  return exchange({ url: `${service.url}/${operation}` }, { ...service, signal });
}

/** RFC 7030 §4.5.2: 204 and 404 both mean that the CA demands nothing. */
function processCsrattrs(answer: HttpAnswer): RequestDemands {
  if (answer.status === 204 || answer.status === 404) return NO_DEMANDS;
  if (answer.status !== 200) throw refusal('ERR_CA_UNAVAILABLE', answer);
  return csrAttributesOf(answer.body);
}

/** RFC 7030 §4.1.3. */
function processCacerts(answer: HttpAnswer): CertificateDer[] {
  if (answer.status !== 200) throw refusal('ERR_CA_UNAVAILABLE', answer);
  return certificatesOf(answer.body);
}

/** RFC 7030 §4.2.1. The body is the stored CSR, so that a repeated request has the same bytes. */
async function requestSimpleenroll(
  service: Service,
  csr: CsrDer,
  authorization: Authorization,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const headers = {
    authorization: credentials(authorization),
    'content-type': 'application/pkcs10',
    'content-transfer-encoding': 'base64', // RFC 8951 §3.2.1 removed it, but some servers require it, as in RFC 7030
    accept: 'application/pkcs7-mime',
  };
  return exchange({ url: `${service.url}/simpleenroll`, headers, body: encodeTransfer(csr) }, { ...service, signal });
}

const BEARER_TOKEN = /^[\x21-\x7e]+$/;

/** RFC 7617 §2, RFC 6750 §2.1. A human may have typed the secret, so one that cannot be a Bearer token is refused here. */
function credentials(authorization: Authorization): string {
  const { secret } = authorization;
  if (authorization.scheme === 'basic') {
    return `Basic ${Buffer.from(`${authorization.id}:${secret}`, 'utf8').toString('base64')}`;
  }
  if (!BEARER_TOKEN.test(secret)) throw new AgentError('ERR_CA_AUTHORIZATION_REFUSED', { reason: 'not printable' });
  return `Bearer ${secret}`;
}

/** RFC 7030 §4.2.3. */
function processSimpleenroll(answer: HttpAnswer): CaAnswer {
  if (answer.status === 202) return { kind: 'pending', retryAfterMs: retryAfterMs(answer) };
  if (answer.status === 200) return { kind: 'issued', certificates: certificatesOf(answer.body), date: answer.date };
  throw refusal(codeFor(answer.status), answer);
}

/** The meaning of a status. For others, 4xx means that the CA refuses, and 5xx that it is unavailable. */
const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'ERR_CA_AUTHORIZATION_REFUSED',
  403: 'ERR_CA_AUTHORIZATION_REFUSED',
  408: 'ERR_CA_UNAVAILABLE', // RFC 9110 §15.5.9: the server did not receive the whole request
  425: 'ERR_CA_UNAVAILABLE',
  429: 'ERR_CA_UNAVAILABLE',
  // RFC 9110 §15.6.3, §15.6.5: a gateway passed the request on and lost the answer, so that a certificate may exist.
  502: 'ERR_CA_ANSWER_LOST',
  504: 'ERR_CA_ANSWER_LOST',
};

function codeFor(status: number): ErrorCode {
  const known = BY_STATUS[status];
  if (known) return known;
  if (status >= 500) return 'ERR_CA_UNAVAILABLE';
  return status >= 400 ? 'ERR_CA_REFUSED' : 'ERR_CA_ANSWER_INVALID';
}

function refusal(code: ErrorCode, answer: HttpAnswer): AgentError {
  const words = serverWords(answer);
  return new AgentError(code, { status: answer.status, ...(words ? { serverWords: words } : {}) });
}

/**
 * RFC 9110 §10.2.3: seconds, or a date, which is compared with the server's own clock. A date in the past gives 0. A missing or
 * malformed value gives `undefined`.
 */
function retryAfterMs({ headers, date }: HttpAnswer): number | undefined {
  const text = headers['retry-after']?.trim();
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, Number.MAX_SAFE_INTEGER);
  const at = httpDate(text)?.getTime();
  return at === undefined ? undefined : Math.max(0, at - (date?.getTime() ?? Date.now()));
}
