/** Issues one certificate for each authorization. The same request bytes get the same answer again. */
import 'reflect-metadata';
import { createHash, createPublicKey, X509Certificate as NodeCertificate, timingSafeEqual } from 'node:crypto';
import { Pkcs10CertificateRequest, X509Certificate } from '@peculiar/x509';
import { asDer, type NameDer } from '../asn1/der.ts';
import { referenceTo } from '../bank/login.ts';
import { KEY_TYPE } from '../x509/key-types.ts';
import { isOrderedSubject } from '../x509/names.ts';
import {
  type Account,
  type Authorization,
  accountOf,
  type BankStore,
  currentCertificate,
  type IssuedCertificate,
} from './accounts.ts';
import { type Authority, issueToCustomer } from './authority.ts';
import { hashSecret } from './ra.ts';

export type Issuing = {
  readonly authority: Authority;
  readonly store: BankStore;
  /** How long a request waits for approval. 0: issued at once. */
  readonly pendingMs: number;
};

export type Answer =
  | { readonly kind: 'issued'; readonly certificate: X509Certificate }
  | { readonly kind: 'pending'; readonly retryAfterSeconds: number };

/** A refusal that the client may read: a status of HTTP and a sentence. */
export class Refusal extends Error {
  readonly status: 400 | 401 | 403 | 409;

  constructor(status: Refusal['status'], message: string) {
    super(message);
    this.status = status;
  }
}

type Known = Authorization & { readonly id: string };

/** RFC 7617 and RFC 6750. The answer is the same whatever is wrong. */
export function authorize({ store }: Issuing, header: string | undefined): Known {
  const shown = readCredentials(header ?? '');
  const { authorizations } = store.state;
  const known = Object.hasOwn(authorizations, shown.id) ? authorizations[shown.id] : undefined;
  const expected = Buffer.from(known?.secretHash ?? hashSecret(''), 'hex');
  const matches = timingSafeEqual(Buffer.from(hashSecret(shown.secret), 'hex'), expected);
  if (!known || !matches) throw new Refusal(401, 'The authorization is unknown');
  if (!known.request && known.expiresAt < Date.now()) throw new Refusal(401, 'The authorization has expired');
  return { ...known, id: shown.id };
}

function readCredentials(header: string): { id: string; secret: string } {
  const [scheme = '', value = ''] = header.split(' ', 2);
  const basic = scheme.toLowerCase() === 'basic';
  const text = basic ? Buffer.from(value, 'base64').toString('utf8') : value;
  const at = text.indexOf(basic ? ':' : '.');
  return at < 0 ? { id: '', secret: '' } : { id: text.slice(0, at), secret: text.slice(at + 1) };
}

/** RFC 7030 §4.2: issued at once, or pending until the same request comes after the time is up. */
export async function answerRequest(issuing: Issuing, authorization: Known, body: unknown): Promise<Answer> {
  const request = await readRequest(body);
  const digest = createHash('sha256').update(Buffer.from(request.rawData)).digest('hex');
  if (authorization.request && authorization.request.digest !== digest) {
    throw new Refusal(401, 'The authorization was used for another request');
  }
  checkAgainstAccount(issuing, authorization, request);
  const { readyAt, certificate } = authorization.request ?? accept(issuing, authorization.id, digest);
  if (certificate) return { kind: 'issued', certificate: new X509Certificate(certificate) };
  const waitMs = readyAt - Date.now();
  if (waitMs > 0) return { kind: 'pending', retryAfterSeconds: Math.ceil(waitMs / 1000) };
  return { kind: 'issued', certificate: await issue(issuing, authorization, request) };
}

/** Spends the authorization: from now on it is good for these request bytes only. */
function accept({ store, pendingMs }: Issuing, id: string, digest: string): { readyAt: number; certificate?: string } {
  const request = { digest, readyAt: Date.now() + pendingMs };
  store.change(({ authorizations }) => {
    const authorization = authorizations[id];
    if (authorization) authorization.request = request;
  });
  return request;
}

async function readRequest(body: unknown): Promise<Pkcs10CertificateRequest> {
  let request: Pkcs10CertificateRequest;
  try {
    request = new Pkcs10CertificateRequest(Buffer.from(String(body), 'base64'));
  } catch {
    throw new Refusal(400, 'The body is not a PKCS #10 request in base64');
  }
  // RFC 2986 §4.2: the signature proves possession of the private key.
  const proven = await request.verify().catch(() => false);
  if (!proven) throw new Refusal(400, 'The signature of the request is invalid');
  if (!isStrong(request)) throw new Refusal(400, 'The key of the request is too weak or of an unknown kind');
  return request;
}

const CURVES: readonly string[] = Object.values(KEY_TYPE).flatMap((row) =>
  row.family === 'EC' ? row.curve.openssl : [],
);

function isStrong(request: Pkcs10CertificateRequest): boolean {
  const key = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' });
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  return key.asymmetricKeyType === 'rsa' ? modulusLength >= 2048 : CURVES.includes(namedCurve);
}

function checkAgainstAccount({ store }: Issuing, authorization: Known, request: Pkcs10CertificateRequest): void {
  const account = accountOf(store.state, authorization.account);
  const asked = asDer<NameDer>(new Uint8Array(request.subjectName.toArrayBuffer()));
  if (!isOrderedSubject(asked, account.subject, 'as-ordered'))
    throw new Refusal(403, "The subject is not the account's");
  if (!authorization.request?.certificate) checkOneCertificate(account, authorization);
}

/** The RA's rule is checked here again, because several orders may have been made for an account before one was used. */
function checkOneCertificate(account: Account, { replaces }: Authorization): void {
  // Also for pending requests, because 失効 may come while they wait.
  if (account.closed) throw new Refusal(403, 'This account may not have a certificate');
  const current = currentCertificate(account);
  if (!current || current.serialNumber === replaces?.serialNumber) return;
  throw new Refusal(409, 'This account has a certificate already');
}

async function issue(
  { authority, store }: Issuing,
  authorization: Known,
  request: Pkcs10CertificateRequest,
): Promise<X509Certificate> {
  const certificate = await issueToCustomer(authority, request.subjectName, request.publicKey);
  let kept: string | undefined;
  store.change((state) => {
    const entry = state.authorizations[authorization.id];
    if (!entry?.request) throw new Error('The authorization was not accepted');
    // If the same bytes came twice at the same time, the first certificate counts.
    kept = entry.request.certificate;
    if (kept !== undefined) return;
    const account = accountOf(state, authorization.account);
    // Two requests of one account may also have come at the same time.
    checkOneCertificate(account, authorization);
    kept = entry.request.certificate = certificate.toString('base64');
    account.certificates.push(recordOf(certificate, authorization));
  });
  return new X509Certificate(kept ?? '');
}

/** The old certificate stays valid until the new one has logged in. `replaces` names the one that is then revoked. */
function recordOf(certificate: X509Certificate, { replaces }: Authorization): IssuedCertificate {
  return {
    ...referenceTo(new NodeCertificate(Buffer.from(certificate.rawData))),
    notBefore: certificate.notBefore.getTime(),
    notAfter: certificate.notAfter.getTime(),
    ...(replaces ? { replaces: replaces.serialNumber } : {}),
    loggedIn: false,
    revoked: false,
  };
}
