/** An EST server on real HTTPS that misbehaves as it is told: the edge where the bank's CA would stand. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import 'reflect-metadata';

import { createServer, type Server, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import * as x509 from '@peculiar/x509';
import type { CertificateDer } from '../../web-bridge/asn1/der.ts';
import { type Authority, type CertificateOptions, makeKeyPair, makeLeaf, makeTlsIdentity } from '../stage/authority.ts';

export type Answer = (
  request: { readonly csr: x509.Pkcs10CertificateRequest },
  response: ServerResponse,
) => Promise<void> | void;

export type Operation = 'csrattrs' | 'cacerts' | 'simpleenroll';
/** The request is whole; what it asks for is done, and nothing of it was said; the answer has left. */
export type Moment = 'arrived' | 'done' | 'answered';

export type FaultyCa = {
  readonly url: string;
  /** How the next simpleenroll is answered. */
  answer: Answer;
  /** How the CA says what it wants to see in requests. */
  csrattrs: (response: ServerResponse) => void;
  /** How it hands out its own certificates. */
  cacerts: (response: ServerResponse) => void;
  /** Requests for a certificate that arrived, as the base64 that was sent. */
  readonly requests: string[];
  /** Serial numbers of what was issued. */
  readonly issued: string[];
  /** Hears of each moment of a request, before it goes on. */
  onMoment: (operation: Operation, moment: Moment) => void;
  close(): Promise<void>;
};

/** @param tls another certificate than its own, other versions: what a client must not speak to */
export async function startFaultyCa(authority: Authority, tls: ServerOptions = {}): Promise<FaultyCa> {
  const requests: string[] = [];
  const server = createServer({ ...(await makeTlsIdentity(authority.root)), ...tls });
  server.on('tlsClientError', () => {});
  const ca: FaultyCa = {
    url: '',
    answer: issue(authority),
    csrattrs: (response) => void response.writeHead(204).end(),
    cacerts: (response) => send(response, [authority.issuing.certificate, authority.root.certificate]),
    requests,
    issued: [],
    onMoment: () => {},
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => void serve(ca, request, response));
  return await listen(server, ca);
}

async function listen(server: Server, ca: FaultyCa): Promise<FaultyCa> {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return Object.assign(ca, { url: `https://localhost:${(server.address() as AddressInfo).port}/est` });
}

async function serve(ca: FaultyCa, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = Buffer.concat(await request.toArray()).toString('latin1');
  const operation = (request.url?.split('/').at(-1) ?? '') as Operation;
  ca.onMoment(operation, 'arrived');
  response.once('finish', () => ca.onMoment(operation, 'answered'));
  if (operation === 'csrattrs') return ca.csrattrs(response);
  if (operation === 'cacerts') return ca.cacerts(response);
  ca.requests.push(body);
  await ca.answer({ csr: new x509.Pkcs10CertificateRequest(body.replaceAll(/\s/g, '')) }, response);
}

/** A certs-only PKCS#7 in base64, as RFC 7030 §4.2.3 has it. */
export function send(response: ServerResponse, certificates: readonly CertificateDer[]): void {
  const chain = new x509.X509Certificates(certificates.map((der) => new x509.X509Certificate(Uint8Array.from(der))));
  const type = {
    'Content-Type': 'application/pkcs7-mime; smime-type=certs-only',
    'Content-Transfer-Encoding': 'base64',
  };
  response.writeHead(200, type).end(chain.export('base64'));
}

/** Issues what was asked for, with the changes that make it wrong; `beside`: what else the answer holds. */
export function issue(
  authority: Authority,
  changes: Partial<CertificateOptions> = {},
  beside: readonly CertificateDer[] = [authority.issuing.certificate],
): Answer {
  return async ({ csr }, response) => {
    const spki = new Uint8Array(csr.publicKey.rawData);
    const options = { issuer: authority.issuing, spki, subject: csr.subjectName, ...changes };
    send(response, [await makeLeaf(options), ...beside]);
  };
}

/** The same bytes bring the same certificate, as `resend: idempotent` promises. */
export function issueOnce(authority: Authority, ca: FaultyCa): Answer {
  const answers = new Map<string, CertificateDer>();
  return async ({ csr }, response) => {
    const known = answers.get(csr.toString('base64'));
    const spki = new Uint8Array(csr.publicKey.rawData);
    const leaf = known ?? (await makeLeaf({ issuer: authority.issuing, spki, subject: csr.subjectName }));
    answers.set(csr.toString('base64'), leaf);
    if (!known) ca.issued.push(new x509.X509Certificate(Uint8Array.from(leaf)).serialNumber);
    ca.onMoment('simpleenroll', 'done');
    send(response, [leaf, authority.issuing.certificate]);
  };
}

/** Issues for a key of somebody else's. */
export function issueForAnotherKey(authority: Authority): Answer {
  return async (request, response) => issue(authority, { spki: (await makeKeyPair()).spki })(request, response);
}

export function status(code: number, body = '', headers: Readonly<Record<string, string>> = {}): Answer {
  return (_, response) => void response.writeHead(code, headers).end(body);
}
