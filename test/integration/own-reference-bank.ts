/** The reference bank over real HTTP and HTTPS, a visitor without a browser, and requests by openssl. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { compactVerify, importJWK, type JWK } from 'jose';
import * as v from 'valibot';
import { type Bank, type BankOptions, startBank } from '../../web-bridge/demo/bank.ts';
import { type AcquisitionClaims, orderClaims } from '../../web-bridge/protocol/order.ts';
import { ownFolder } from '../stage/folder.ts';

export type Answer = { status: number; headers: Record<string, string | string[] | undefined>; body: string };

/** HTTPS with the bank's own root and nothing else; plain HTTP goes by fetch. */
export function call(
  url: string,
  ca: string,
  options: { method?: string; headers?: object; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...options.headers,
      ...(options.body === undefined ? {} : { 'content-length': Buffer.byteLength(options.body) }),
    };
    const request = httpsRequest(url, { ca, method: options.method ?? 'GET', headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    request.on('error', reject).end(options.body);
  });
}

type Page = Response & { readonly page: string };

export type Visitor = {
  get(url: string): Promise<Page>;
  /** With the CSRF value of the last page, unless `fields` has another. */
  post(url: string, fields: Record<string, string>): Promise<Page>;
  order(url: string, csrf?: string): Promise<Page>;
};

/** A browser as far as this bank needs one: cookies, forms, the CSRF value of the last page. */
export function visitor(): Visitor {
  const cookies = new Map<string, string>();
  let csrf = '';
  async function visit(
    url: string,
    init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
  ): Promise<Page> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', ...init, headers: { ...init.headers, cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = line.split(';', 1)[0]!.split('=');
      cookies.set(name, value);
    }
    const page = await response.text();
    csrf = /(?:name="csrf" value|data-csrf)="([^"]+)"/.exec(page)?.[1] ?? csrf;
    return Object.assign(response, { page });
  }
  return {
    get: (url: string) => visit(url),
    post: (url: string, fields: Record<string, string>) =>
      visit(url, { method: 'POST', body: new URLSearchParams({ csrf, ...fields }) }),
    order: (url: string, token = csrf) => visit(`${url}/order`, { method: 'POST', headers: { 'x-csrf-token': token } }),
  };
}

export const P256 = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];

export const orderIn = (page: string): string => (JSON.parse(page) as { order: string }).order;

async function claimsOf(bank: Bank, order: string): Promise<AcquisitionClaims> {
  const { keys } = bank.profile.orderKeys as { keys: JWK[] };
  const { payload } = await compactVerify(order, await importJWK(keys[0]!));
  return v.parse(orderClaims, JSON.parse(new TextDecoder().decode(payload))) as AcquisitionClaims;
}

export class OwnReferenceBank {
  bank!: Bank;
  readonly #folder: () => string;

  constructor(folder: () => string) {
    this.#folder = folder;
  }

  get folder(): string {
    return this.#folder();
  }

  async start(options: Partial<BankOptions> = {}): Promise<void> {
    this.bank = await startBank({ stateFolder: join(this.folder, 'state'), ...options });
  }

  openssl(...args: string[]): string {
    return execFileSync('openssl', args, { encoding: 'utf8', cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** A request by openssl, as base64 lines (RFC 7030 §4.2.1). */
  makeRequest(subject: AcquisitionClaims['subject'], key: readonly string[] = P256): string {
    const name = subject.map(([type, value]) => `/${type}=${value}`).join('');
    const made = ['-keyout', 'key.pem', '-out', 'request.pem'];
    this.openssl('req', '-new', '-newkey', ...key, '-nodes', '-utf8', '-subj', name, ...made);
    return readFileSync(join(this.folder, 'request.pem'), 'utf8').replace(/-----[^\n]*\n/g, '');
  }

  enroll(body: string, claims: AcquisitionClaims | undefined, secret?: string): Promise<Answer> {
    const { authorization } = claims?.enrollment ?? {};
    const basic =
      authorization?.scheme === 'basic'
        ? `Basic ${btoa(`${authorization.id}:${secret ?? authorization.secret}`)}`
        : undefined;
    const bearer = authorization?.scheme === 'bearer' ? `Bearer ${authorization.secret}` : undefined;
    const header = basic ?? bearer;
    const headers = { 'content-type': 'application/pkcs10', ...(header ? { authorization: header } : {}) };
    return call(`${this.bank.estUrl}/simpleenroll`, this.bank.trustAnchor, { method: 'POST', headers, body });
  }

  /** A visitor who gave the ID and the password of an account, and what the CA's page then says. */
  async identified(path = 'acquire', account = 0): Promise<{ readonly browser: Visitor; readonly answer: Page }> {
    const { caUrl, accounts } = this.bank;
    const { id, password } = accounts[account]!;
    const browser = visitor();
    await browser.get(`${caUrl}/${path}`);
    const { headers } = await browser.post(`${caUrl}/${path}`, { id, password });
    const answer = await browser.get(new URL(headers.get('location')!, caUrl).href);
    return { browser, answer };
  }

  async newOrder(path = 'acquire', account = 0): Promise<AcquisitionClaims> {
    const { browser } = await this.identified(path, account);
    await browser.get(`${this.bank.caUrl}/acquisition`);
    return claimsOf(this.bank, orderIn((await browser.order(this.bank.caUrl)).page));
  }
}

/** Each test starts it as it needs it. */
export function ownReferenceBank(): OwnReferenceBank {
  const own = new OwnReferenceBank(ownFolder());
  afterEach(() => own.bank.close());
  return own;
}
