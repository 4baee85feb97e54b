/** What every CA must do for our client, whoever runs it. One small file for each protocol says where the CA is. */

import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { connectCa } from '../../agent/ca/index.ts';
import type { Authorization, CaAnswer, CertificationAuthority } from '../../agent/ports/ca.ts';
import type { Plan } from '../../agent/ports/plan.ts';
import { asDer, type CertificateDer, type CsrDer, type SpkiDer } from '../../web-bridge/asn1/der.ts';
import { AgentError, type ErrorCode } from '../../web-bridge/protocol/errors.ts';
import type { KeyType } from '../../web-bridge/protocol/order.ts';
import { buildCsr } from '../../web-bridge/x509/csr.ts';
import { checkIssued } from '../../web-bridge/x509/issued.ts';
import { KEY_TYPE } from '../../web-bridge/x509/key-types.ts';
import { makeAuthority } from '../stage/authority.ts';
import { ownFolder } from '../stage/folder.ts';

export type CaUnderTest = {
  readonly service: Plan['service'];
  readonly keyType: KeyType;
  readonly subject: Plan['subject'];
  /** PEM: whom the customer's certificate must chain to. */
  readonly issuers: readonly string[];
  /** One that was not used; a CA that gives only one lets only one request be tested. */
  readonly authorization: () => Promise<Authorization>;
  readonly close: () => Promise<void>;
};

const EXTENSIONS = { keyUsage: ['digitalSignature'], extendedKeyUsage: ['clientAuth'] } as const;
const CA_MS = 30_000;
/** How long a CA that says "later" is asked again. */
const PATIENCE_MS = 120_000;
const calm = new AbortController().signal;

export function describeCa(name: string, stage: (folder: string) => Promise<CaUnderTest>): void {
  describe(`a CA: ${name}`, function () {
    this.timeout(PATIENCE_MS + CA_MS);
    const folder = ownFolder();
    let ca: CaUnderTest;
    let client: CertificationAuthority;
    beforeEach(async () => {
      ca = await stage(folder());
      client = connectCa(ca.service, CA_MS);
    });
    afterEach(() => ca.close());

    it('hands out its certificates, of which openssl reads each', async () => {
      const certificates = await client.certificates(calm);
      expect(certificates).not.to.deep.equal([]);
      for (const der of certificates)
        execFileSync('openssl', ['x509', '-inform', 'DER', '-noout', '-subject'], {
          input: der,
          stdio: ['pipe', 'pipe', 'pipe'],
        });
    });

    it('says what it wants to see in a request, and the key type that is tested is among it', async () => {
      const { keys } = await client.demands(calm);
      expect(keys ?? [ca.keyType]).to.include(ca.keyType);
    });

    it('issues what was ordered, as openssl finds too; the same bytes bring the same where the profile says so', async () => {
      const { csr, spki } = await request(ca);
      const authorization = await ca.authorization();
      const answer = await patiently(() => client.request(csr, authorization, calm));
      const issued = await judged(ca, client, answer, spki);
      opensslAccepts(folder(), issued.certificate, [...issued.chain, ...(await client.certificates(calm))], ca);
      if (ca.service.resend !== 'idempotent') return;
      const again = await patiently(() => client.request(csr, authorization, calm));
      expect((await judged(ca, client, again, spki)).certificate).to.deep.equal(issued.certificate);
    });

    it('refuses an authorization that it never gave', async () => {
      const { csr } = await request(ca);
      const authorization = { ...(await ca.authorization()), secret: 'never-given-to-anybody' };
      const code = await codeOf(client.request(csr, authorization, calm));
      expect(code).to.be.oneOf(['ERR_CA_AUTHORIZATION_REFUSED', 'ERR_CA_REFUSED']);
    });

    it('is not spoken to where its TLS certificate is by somebody else', async () => {
      const strangers = [(await makeAuthority()).root.pem];
      const wary = connectCa({ ...ca.service, trustAnchors: strangers }, CA_MS);
      expect(await codeOf(wary.certificates(calm))).to.equal('ERR_CA_TLS_UNTRUSTED');
    });
  });
}

/** A key in software stands for the token: this is about the CA. */
async function request({ keyType, subject }: CaUnderTest): Promise<{ csr: CsrDer; spki: SpkiDer }> {
  const row = KEY_TYPE[keyType];
  const { privateKey, publicKey } =
    row.family === 'RSA'
      ? generateKeyPairSync('rsa', { modulusLength: row.bits })
      : generateKeyPairSync('ec', { namedCurve: row.curve.openssl });
  const spki = asDer<SpkiDer>(new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })));
  const content = { spki, keyType, subject, extensions: plainExtensions() };
  return { csr: await buildCsr(content, async (info) => new Uint8Array(sign(row.hash, info, privateKey))), spki };
}

function plainExtensions(): Plan['extensions'] {
  return { keyUsage: [...EXTENSIONS.keyUsage], extendedKeyUsage: [...EXTENSIONS.extendedKeyUsage] };
}

async function patiently(ask: () => Promise<CaAnswer>): Promise<Extract<CaAnswer, { kind: 'issued' }>> {
  for (const until = Date.now() + PATIENCE_MS; ; ) {
    const answer = await ask();
    if (answer.kind === 'issued') return answer;
    if (Date.now() > until) throw new Error('still pending');
    await sleep(Math.min(answer.retryAfterMs ?? 5_000, 30_000));
  }
}

async function judged(
  { subject, issuers }: CaUnderTest,
  client: CertificationAuthority,
  { certificates, date }: Extract<CaAnswer, { kind: 'issued' }>,
  spki: SpkiDer,
): Promise<ReturnType<typeof checkIssued>> {
  const plan = { subject, rdnOrder: 'any', extensions: plainExtensions(), issuers } as const;
  return checkIssued({ certificates, cacerts: await client.certificates(calm), date, plan, spki, now: Date.now() });
}

function opensslAccepts(
  folder: string,
  certificate: CertificateDer,
  chain: readonly CertificateDer[],
  { issuers }: CaUnderTest,
): void {
  const pem = (ders: readonly CertificateDer[]) => ders.map((der) => new X509Certificate(der).toString()).join('');
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const anchors = ['-partial_chain', '-trusted', file('anchors.pem', issuers.join('\n'))];
  const untrusted = ['-untrusted', file('chain.pem', pem(chain))];
  const args = ['verify', '-purpose', 'sslclient', ...anchors, ...untrusted, file('leaf.pem', pem([certificate]))];
  expect(execFileSync('openssl', args, { encoding: 'utf8' })).to.match(/: OK\n$/);
}

async function codeOf(work: Promise<unknown>): Promise<ErrorCode | 'no error'> {
  try {
    await work;
    return 'no error';
  } catch (error) {
    if (error instanceof AgentError) return error.code;
    throw error;
  }
}
