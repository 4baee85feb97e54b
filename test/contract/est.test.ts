/**
 * The contract of a CA over EST. By default the reference bank; to point it at another:
 *
 *   INKAN_TEST_EST_URL             https://ca.example/.well-known/est/label: as a profile has it, no operation at its end
 *   INKAN_TEST_EST_CA              file of PEM: the TLS trust anchors of that server
 *   INKAN_TEST_EST_ISSUER          file of PEM: whom customers' certificates chain to; default: INKAN_TEST_EST_CA
 *   INKAN_TEST_EST_AUTHORIZATION   file: "basic id secret" or "bearer secret" on each line; every request takes the next
 *                                  line, the last one is used again
 *   INKAN_TEST_EST_SUBJECT         CN=M0001,O=Sample: the CA must give exactly this one; default: CN=inkan-test
 *   INKAN_TEST_EST_KEY             key type; default: ec-p256
 *   INKAN_TEST_EST_RESEND          "idempotent" where the same bytes bring the same certificate; default: never
 *
 *   npx mocha dist/test/contract/est.test.js
 */

import { readFileSync } from 'node:fs';
import type { Authorization } from '../../agent/ports/ca.ts';
import { accountOf, openAccounts } from '../../web-bridge/demo/accounts.ts';
import { issueToServer, openAuthority, pemOf } from '../../web-bridge/demo/authority.ts';
import { estServer } from '../../web-bridge/demo/est.ts';
import { LABEL, openOrderKey, PROFILE_ID } from '../../web-bridge/demo/profile.ts';
import { makeOrder, type Ra } from '../../web-bridge/demo/ra.ts';
import { Throttle } from '../../web-bridge/demo/throttle.ts';
import { type AcquisitionClaims, KEY_TYPES } from '../../web-bridge/protocol/order.ts';
import { type CaUnderTest, describeCa } from './ca.ts';

const { INKAN_TEST_EST_URL: url } = process.env;

if (url) describeCa(url, async () => remote(url));
for (const scheme of ['basic', 'bearer'] as const)
  describeCa(`the reference bank's, by ${scheme}`, (folder) => referenceBank(folder, scheme));

function remote(url: string): CaUnderTest {
  const setting = (name: string): string | undefined => process.env[`INKAN_TEST_EST_${name}`];
  const file = (name: string): string => readFileSync(setting(name) ?? '', 'utf8');
  const authorizations = file('AUTHORIZATION').split('\n').filter(Boolean).map(readAuthorization);
  let used = 0;
  return {
    service: est(url, certificatesIn(file('CA')), setting('RESEND') === 'idempotent' ? 'idempotent' : 'never'),
    keyType: KEY_TYPES.find((type) => type === setting('KEY')) ?? 'ec-p256',
    subject: readSubject(setting('SUBJECT') ?? 'CN=inkan-test'),
    issuers: certificatesIn(file(setting('ISSUER') ? 'ISSUER' : 'CA')),
    authorization: async () => {
      const next = authorizations[Math.min(used, authorizations.length - 1)];
      used += 1;
      if (!next) throw new Error('INKAN_TEST_EST_AUTHORIZATION holds none');
      return next;
    },
    close: async () => {},
  };
}

function est(url: string, trustAnchors: string[], resend: 'never' | 'idempotent'): CaUnderTest['service'] {
  return { protocol: 'est', url, trustAnchors, resend, asked: 'basic' };
}

function readAuthorization(line: string): Authorization {
  const [scheme, first = '', second = ''] = line.trim().split(/\s+/);
  if (scheme === 'bearer') return { scheme, asked: false, secret: first };
  return { scheme: 'basic', id: first, asked: false, secret: second };
}

function readSubject(text: string): AcquisitionClaims['subject'] {
  return text.split(',').map((part) => part.split('=', 2) as AcquisitionClaims['subject'][number]);
}

function certificatesIn(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n/g) ?? [];
}

/** Its CA, and the registration authority behind it, which gives a new authorization for each request. */
async function referenceBank(folder: string, scheme: 'basic' | 'bearer'): Promise<CaUnderTest> {
  const authority = await openAuthority(folder);
  const { store, credentials } = await openAccounts(folder);
  const account = accountOf(store.state, credentials[0]?.id ?? '');
  const server = estServer({ authority, store, pendingMs: 0 }, LABEL, await issueToServer(authority, ['localhost']));
  const { port } = new URL(await server.listen({ host: '127.0.0.1', port: 0 }));
  const renewal = { opensDaysBefore: 30, closesDaysAfter: 90 };
  const rules = { store, throttle: new Throttle(), orderKey: await openOrderKey(folder), renewal, scheme };
  const ra: Ra = { ...rules, profileId: PROFILE_ID, label: LABEL, origin: () => 'https://localhost' };
  return {
    service: est(
      `https://127.0.0.1:${port}/.well-known/est/${LABEL}`,
      [pemOf(authority.tlsRoot.certificate)],
      'idempotent',
    ),
    keyType: 'ec-p256',
    subject: account.subject,
    issuers: [pemOf(authority.issuing.certificate)],
    authorization: async () => authorizationIn(await makeOrder(ra, account, 'enroll')),
    close: () => server.close(),
  };
}

function authorizationIn(order: string): Authorization {
  const claims = JSON.parse(Buffer.from(order.split('.')[1] ?? '', 'base64url').toString()) as AcquisitionClaims;
  const { authorization } = claims.enrollment;
  if (authorization.scheme === 'asked') throw new Error('the reference bank asks nobody');
  return { ...authorization, asked: false };
}
