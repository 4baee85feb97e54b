/**
 * One HTTPS exchange with the bank's CA. Only the profile's trust anchors count, time and size are limited, and redirects are not
 * followed. The TLS connection is made before the request is written. So an error while connecting means for certain that no byte
 * of the request was sent.
 */
import { type ClientRequest, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { AgentError, type ErrorCode } from '../../web-bridge/protocol/errors.ts';
import { connect } from './connection.ts';

/** A certs-only PKCS#7 with sixteen certificates is far smaller. */
export const MAX_ANSWER_BYTES = 1024 * 1024;
/** The body of an error is shown to people, and its beginning is enough. */
export const MAX_ERROR_BYTES = 4 * 1024;
const MAX_SHOWN_CHARACTERS = 1000;
/** Node's timers fire at once if the time is longer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export type HttpRequest = {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** POST with a body, GET without one. */
  readonly body?: Uint8Array;
};

export type Bounds = {
  /** PEM: the only trust anchors for TLS. */
  readonly trustAnchors: readonly string[];
  /** From connecting to the last byte. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
};

export type HttpAnswer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The whole body of a 200; of any other status the first {@link MAX_ERROR_BYTES}. */
  readonly body: Uint8Array;
  /** The time by the server's clock (RFC 9110 §6.6.1). */
  readonly date: Date | undefined;
};

/**
 * @throws AgentError ERR_CA_UNREACHABLE, ERR_CA_TLS_UNTRUSTED: no byte of a POST was sent. ERR_CA_ANSWER_LOST: a POST may have
 * arrived; a lost answer to a GET is ERR_CA_UNREACHABLE. ERR_CA_REDIRECTED, ERR_CA_ANSWER_TOO_LARGE
 */
export async function exchange(request: HttpRequest, { trustAnchors, timeoutMs, signal }: Bounds): Promise<HttpAnswer> {
  signal.throwIfAborted();
  const url = new URL(request.url);
  const deadline = startDeadline(signal, timeoutMs);
  try {
    const socket = await connect(url, trustAnchors, deadline.signal).catch((error: unknown) => {
      signal.throwIfAborted();
      throw error;
    });
    return await send(socket, url, request).catch((error: unknown) => {
      throw sendFailure(error, url, request, signal);
    });
  } finally {
    deadline.end();
  }
}

/**
 * A signal that aborts with the caller's signal or when the time is over. `end` aborts it too, which destroys the socket. It does
 * not use AbortSignal.any() with AbortSignal.timeout(), because on Node 20 that signal can be garbage-collected before it fires.
 */
function startDeadline(
  signal: AbortSignal,
  timeoutMs: number,
): { readonly signal: AbortSignal; readonly end: () => void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, Math.min(timeoutMs, MAX_TIMER_MS));
  signal.addEventListener('abort', abort, { once: true });
  const end = (): void => {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    abort();
  };
  return { signal: controller.signal, end };
}

/** Sends the request and receives the answer. If {@link connect}'s abort listener destroys the socket, this rejects. */
function send(socket: TLSSocket, url: URL, { headers, body }: HttpRequest): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const request: ClientRequest = httpRequest({
      createConnection: () => socket,
      method: body ? 'POST' : 'GET',
      path: url.pathname,
      headers: {
        ...headers,
        host: url.host,
        connection: 'close',
        ...(body ? { 'content-length': String(body.length) } : {}),
      },
    });
    request.on('error', reject);
    request.once('upgrade', () => reject(new Error('upgrade')));
    request.once('response', (response) => {
      receive(response).then(resolve, reject);
    });
    request.end(body);
  });
}

async function receive(response: IncomingMessage): Promise<HttpAnswer> {
  const status = response.statusCode ?? 0;
  if (status >= 300 && status < 400) throw new AgentError('ERR_CA_REDIRECTED', { status });
  const { headers } = response;
  const body = status === 200 ? await readBody(response) : await readErrorBody(response);
  return { status, headers, body, date: httpDate(headers.date) };
}

async function readBody(response: AsyncIterable<Buffer>): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new AgentError('ERR_CA_ANSWER_TOO_LARGE', { bytes: MAX_ANSWER_BYTES });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function readErrorBody(response: AsyncIterable<Buffer>): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= MAX_ERROR_BYTES) break;
    }
  } catch {
    // The status has arrived and is enough. The text may be incomplete.
  }
  return Buffer.concat(chunks).subarray(0, MAX_ERROR_BYTES);
}

function sendFailure(error: unknown, url: URL, { body }: HttpRequest, signal: AbortSignal): AgentError {
  if (error instanceof AgentError) return error;
  const { code, name } = error as { code?: string; name?: string };
  const reason = signal.aborted ? 'aborted' : name === 'AbortError' ? 'timeout' : (code ?? 'closed');
  const lost: ErrorCode = body ? 'ERR_CA_ANSWER_LOST' : 'ERR_CA_UNREACHABLE';
  return new AgentError(lost, { host: url.host, reason }, error);
}

const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** An HTTP date (RFC 9110 §5.6.7) in IMF-fixdate, the one form that senders may use. */
export function httpDate(text: string | undefined): Date | undefined {
  if (text === undefined || !IMF_FIXDATE.test(text)) return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** The server's text about an error, for people. Control and format characters become blanks. It is plain text, never markup. */
export function serverWords({ body }: HttpAnswer): string {
  const text = new TextDecoder().decode(body);
  const shown = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return Array.from(shown).slice(0, MAX_SHOWN_CHARACTERS).join('');
}
