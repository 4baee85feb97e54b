/**
 * CAs as they are: whatever the server answers, a coded error, a journal that knows where it stands, and a token that is as it
 * was. Each row goes on from one and the same signed request, with the agent that ships, against a real HTTPS server.
 */

import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer as createPlainServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { JournalEntry } from '../../agent/ports/records.ts';
import type { StateOf } from '../../agent/ports/state.ts';
import type { CertificateDer } from '../../web-bridge/asn1/der.ts';
import type { ErrorCode } from '../../web-bridge/protocol/errors.ts';
import type { StateName } from '../../web-bridge/protocol/methods.ts';
import { type Answer, type FaultyCa, issue, issueForAnotherKey, startFaultyCa, status } from '../doubles/faulty-ca.ts';
import { armour, certsOnly } from '../stage/asn1.ts';
import { makeAuthority, makeLeaf, makeTlsIdentity } from '../stage/authority.ts';
import { type CustomerPc, setUpPc } from '../stage/customer-pc.ts';
import { ORIGIN, openTestBank, type TestBank } from '../stage/test-bank.ts';
import { objectsOn } from '../stage/witness.ts';

const HOUR_MS = 3_600_000;
/** What a silent CA is granted; any other has its minute, whatever else this machine is doing. */
const SHORT_MS = 400;
const MINUTE_MS = 60_000;
type Service = Partial<StateOf<'csr-signed'>['plan']['service']>;
type Progress = { readonly state: StateName; readonly code: ErrorCode | undefined };

describe('integration: what CAs answer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inkan-ca-faults-'));
  let bank: TestBank;
  let ca: FaultyCa;
  let pc: CustomerPc;
  let signed: JournalEntry & { readonly state: StateOf<'csr-signed'> };
  let objects: string[];

  before(async () => {
    bank = await openTestBank({ test: true });
    ca = await startFaultyCa(bank.authority);
    pc = setUpPc(folder);
    grant(MINUTE_MS);
    ca.answer = status(503, 'later');
    const agent = await pc.compose();
    const id = await agent.enrollments.begin(await bank.order({ keys: ['ec-p256'] }), ORIGIN, 'enroll');
    await agent.enrollments.settled(id, 'owner');
    const entry = await agent.ports.journal.read(id);
    if (entry?.state.name !== 'csr-signed') throw new Error(`no signed request: ${entry?.state.name}`);
    signed = { ...entry, state: entry.state };
    await agent.close();
    objects = objectsOn(pc, 'desk');
    // Issued is as far as these go: the write-back has tests of its own.
    pc.answer({ pin: 'cancel' });
  });
  after(async () => {
    await ca.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    ca.requests.length = 0;
  });

  /** The bank's profile, by which this CA has so long for an answer. */
  function grant(caMs: number): void {
    const { enrollment, ...profile } = JSON.parse(JSON.stringify(bank.profile)) as typeof bank.profile;
    const customers = { ...enrollment['customers'], url: ca.url };
    const deadlines = { retryAtLeastMs: 1_000, retryAtMostMs: 2 * HOUR_MS, pendingMs: 24 * HOUR_MS, caMs };
    pc.addProfile({ ...profile, enrollment: { customers }, deadlines });
  }

  /** Goes on from the signed request with an agent started anew; `state` changes what it finds in its journal. */
  async function goOn(
    service: Service = {},
    state: Partial<StateOf<'sent'>> = {},
    caMs = MINUTE_MS,
  ): Promise<Progress> {
    const { service: ordered, deadlines, ...rest } = signed.state.plan;
    const plan = { ...rest, service: { ...ordered, ...service }, deadlines: { ...deadlines, caMs } };
    const found = { ...signed.state, ...state, plan };
    const first = await pc.compose();
    await first.ports.journal.write({ ...signed, state: found as JournalEntry['state'] });
    await first.ports.journal.keepSecret(signed.enrollment, 'one-time-secret');
    const agent = await pc.compose();
    agent.enrollments.resume(signed.enrollment, 'owner');
    const { error } = await agent.enrollments.settled(signed.enrollment, 'owner');
    await agent.close();
    const journaled = await agent.ports.journal.read(signed.enrollment);
    expect(objectsOn(pc, 'desk')).to.deep.equal(objects);
    return { state: journaled?.state.name ?? 'accepted', code: error?.code };
  }

  type Row = readonly [what: string, answer: Answer, state: StateName, code: ErrorCode, caMs?: number];
  function rows(title: string, table: readonly Row[]): void {
    describe(title, () => {
      for (const [what, answer, state, code, caMs] of table)
        it(`${what} → ${state}, ${code}`, async () => {
          ca.answer = answer;
          expect(await goOn({}, {}, caMs)).to.deep.equal({ state, code });
          expect(ca.requests).to.have.lengthOf(1);
        });
    });
  }

  rows('of statuses', [
    ['201', status(201), 'failed', 'ERR_CA_ANSWER_INVALID'],
    ['204', status(204), 'failed', 'ERR_CA_ANSWER_INVALID'],
    ['200 with nothing', status(200), 'failed', 'ERR_CA_ANSWER_INVALID'],
    ...[301, 302, 303, 307, 308].map((code): Row => {
      const elsewhere = { Location: 'https://evil.example/est/simpleenroll' };
      return [`${code}`, status(code, '', elsewhere), 'failed', 'ERR_CA_REDIRECTED'];
    }),
    ['400 with text', status(400, 'no such account'), 'failed', 'ERR_CA_REFUSED'],
    ['400 with HTML', status(400, '<script>alert(1)</script>'), 'failed', 'ERR_CA_REFUSED'],
    ['400 with JSON', status(400, '{"error":1}', { 'Content-Type': 'application/json' }), 'failed', 'ERR_CA_REFUSED'],
    ['400 with a megabyte', status(400, 'x'.repeat(1_000_000)), 'failed', 'ERR_CA_REFUSED'],
    ['401', status(401, '', { 'WWW-Authenticate': 'Digest realm="x"' }), 'failed', 'ERR_CA_AUTHORIZATION_REFUSED'],
    ['403', status(403), 'failed', 'ERR_CA_AUTHORIZATION_REFUSED'],
    ['404', status(404), 'failed', 'ERR_CA_REFUSED'],
    ['409', status(409), 'failed', 'ERR_CA_REFUSED'],
    ['422', status(422), 'failed', 'ERR_CA_REFUSED'],
    ['408, which says that it did not act', status(408), 'csr-signed', 'ERR_CA_UNAVAILABLE'],
    ['429, which says that it did not act', status(429), 'csr-signed', 'ERR_CA_UNAVAILABLE'],
    ['503, which says that it did not act', status(503), 'csr-signed', 'ERR_CA_UNAVAILABLE'],
    ['500, which may have acted', status(500), 'sent', 'ERR_CA_UNAVAILABLE'],
    ['501, which may have acted', status(501), 'sent', 'ERR_CA_UNAVAILABLE'],
    ['502, a gateway', status(502), 'sent', 'ERR_CA_ANSWER_LOST'],
    ['504, a gateway', status(504), 'sent', 'ERR_CA_ANSWER_LOST'],
  ]);

  rows('of bodies that are no answer', [
    ['HTML', status(200, '<html>hello</html>'), 'failed', 'ERR_CA_ANSWER_INVALID'],
    ['base64 cut off', cut(), 'failed', 'ERR_CA_ANSWER_INVALID'],
    ['three megabytes', status(200, 'A'.repeat(3_000_000)), 'failed', 'ERR_CA_ANSWER_TOO_LARGE'],
    ['fifty certificates', many(50), 'failed', 'ERR_CA_ANSWER_INVALID'],
    [
      'no certificate',
      (_, response) => void response.end(Buffer.from(certsOnly([]))),
      'failed',
      'ERR_CA_ANSWER_INVALID',
    ],
    ['a PKCS#12', (_, response) => void response.end(PKCS12), 'failed', 'ERR_CA_ANSWER_INVALID'],
    [
      'DER that is garbage',
      (_, response) => void response.end(Buffer.from([0x30, 0x82, 0xff, 0xff, 0])),
      'failed',
      'ERR_CA_ANSWER_INVALID',
    ],
    ['the chain alone', issuers(), 'failed', 'ERR_CERTIFICATE_KEY_MISMATCH'],
  ]);

  rows('of certificates that were not ordered', [
    ['another key', (r, s) => issueForAnotherKey(bank.authority)(r, s), 'failed', 'ERR_CERTIFICATE_KEY_MISMATCH'],
    ['another issuer', foreign(), 'failed', 'ERR_CERTIFICATE_UNTRUSTED'],
    ['a CA', wrong({ ca: true, keyUsage: ['keyCertSign'] }), 'failed', 'ERR_CERTIFICATE_IS_CA'],
    ['another subject', wrong({ subject: [['CN', 'somebody else']] }), 'failed', 'ERR_CERTIFICATE_SUBJECT_MISMATCH'],
    ['another usage', wrong({ extendedKeyUsage: ['1.3.6.1.5.5.7.3.4'] }), 'failed', 'ERR_CERTIFICATE_USAGE_MISMATCH'],
    ['last year', wrong({ notBefore: new Date(0), notAfter: new Date(1e12) }), 'failed', 'ERR_CERTIFICATE_EXPIRED'],
    [
      'next week',
      wrong({ notBefore: new Date(Date.now() + 168 * HOUR_MS) }),
      'failed',
      'ERR_CERTIFICATE_NOT_YET_VALID',
    ],
    ['a signature that is wrong', broken(), 'failed', 'ERR_CERTIFICATE_UNTRUSTED'],
  ]);

  rows('of connections that break', [
    ['cut after the request', (_, response) => void response.socket?.destroy(), 'sent', 'ERR_CA_ANSWER_LOST'],
    ['cut in the answer', halfAnswer(), 'sent', 'ERR_CA_ANSWER_LOST'],
    ['no answer in time', () => {}, 'sent', 'ERR_CA_ANSWER_LOST', SHORT_MS],
    ['a byte now and then', drip(), 'sent', 'ERR_CA_ANSWER_LOST', SHORT_MS],
    ['no HTTP', (_, response) => void response.socket?.end('SSH-2.0-OpenSSH\r\n'), 'sent', 'ERR_CA_ANSWER_LOST'],
  ]);

  describe('of encodings that are an answer all the same', () => {
    const readable: readonly [string, (leaf: CertificateDer) => string | Buffer][] = [
      ['lines by LF', (leaf) => lines(leaf, '\n')],
      ['lines by CRLF', (leaf) => lines(leaf, '\r\n')],
      ['one line', (leaf) => lines(leaf, '')],
      ['blanks in between', (leaf) => lines(leaf, ' \n ')],
      ['PEM', (leaf) => armour('PKCS7', Buffer.from(answerOf(leaf)))],
      ['DER', (leaf) => Buffer.from(answerOf(leaf))],
      ['the leaf last', (leaf) => encoded([bank.authority.issuing.certificate, leaf])],
      [
        'each twice',
        (leaf) => encoded([leaf, leaf, bank.authority.issuing.certificate, bank.authority.issuing.certificate]),
      ],
      ['the leaf alone', (leaf) => encoded([leaf])],
    ];
    for (const [what, encode] of readable)
      it(`${what} → issued`, async () => {
        ca.answer = async (request, response) => void response.end(encode(await leafFor(request)));
        expect(await goOn()).to.deep.equal({ state: 'issued', code: 'ERR_USER_PIN_CANCELLED' });
      });

    it('two certificates for the key → the newest, and the serial number of the other is kept for the bank', async () => {
      const serials: string[] = [];
      ca.answer = async (request, response) => {
        const older = await leafFor(request, { notBefore: new Date(Date.now() - 2 * HOUR_MS) });
        const newer = await leafFor(request, { notBefore: new Date(Date.now() - HOUR_MS) });
        for (const der of [newer, older]) serials.push(new X509Certificate(der).serialNumber.toLowerCase());
        response.end(encoded([older, newer, bank.authority.issuing.certificate]));
      };
      expect((await goOn()).state).to.equal('issued');
      const { state } = (await (await pc.compose()).ports.journal.read(signed.enrollment)) ?? {};
      if (state?.name !== 'issued') throw new Error('not issued');
      expect(new X509Certificate(state.certificate).serialNumber.toLowerCase()).to.equal(serials[0]);
      expect(state.otherSerialNumbers).to.deep.equal([serials[1]]);
    });
  });

  describe('of servers that are not to be spoken to', () => {
    const versions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
    const servers: readonly [string, () => Promise<Parameters<typeof startFaultyCa>[1]>][] = [
      ['another name', () => makeTlsIdentity(bank.authority.root, { names: [{ type: 'dns', value: 'evil.example' }] })],
      [
        'an expired certificate',
        () => makeTlsIdentity(bank.authority.root, { notBefore: new Date(0), notAfter: new Date(1e12) }),
      ],
      ['an unknown issuer', async () => makeTlsIdentity((await makeAuthority()).root)],
      ['TLS 1.1', async () => versions],
    ];
    for (const [what, tls] of servers)
      it(`${what} → csr-signed, ERR_CA_TLS_UNTRUSTED; not a byte of the request was sent`, async () => {
        const stranger = await startFaultyCa(bank.authority, await tls());
        const progress = await goOn({ url: stranger.url });
        await stranger.close();
        expect(progress).to.deep.equal({ state: 'csr-signed', code: 'ERR_CA_TLS_UNTRUSTED' });
        expect(stranger.requests).to.deep.equal([]);
      });

    const sockets: readonly [string, (socket: Socket) => void][] = [
      ['a connection cut before TLS', (socket) => socket.destroy()],
      ['a handshake that hangs', () => {}],
    ];
    for (const [what, answer] of sockets)
      it(`${what} → csr-signed, ERR_CA_UNREACHABLE`, async () => {
        const server = createPlainServer((socket) => answer(socket.on('error', () => {})));
        await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
        const { port } = server.address() as AddressInfo;
        expect(await goOn({ url: `https://localhost:${port}/est` }, {}, SHORT_MS)).to.deep.equal({
          state: 'csr-signed',
          code: 'ERR_CA_UNREACHABLE',
        });
        server.close();
      });

    it('nobody there → csr-signed, ERR_CA_UNREACHABLE', async () => {
      const gone = await startFaultyCa(bank.authority);
      await gone.close();
      expect(await goOn({ url: gone.url })).to.deep.equal({ state: 'csr-signed', code: 'ERR_CA_UNREACHABLE' });
    });
  });

  describe('to a request that was sent before', () => {
    const sent = { name: 'sent', sentAt: Date.now() } as unknown as Partial<StateOf<'sent'>>;

    it('nothing, where the profile does not say that it may be sent again → ERR_CA_ANSWER_LOST', async () => {
      expect(await goOn({}, sent)).to.deep.equal({ state: 'sent', code: 'ERR_CA_ANSWER_LOST' });
      expect(ca.requests).to.deep.equal([]);
    });

    // The authorization may be spent and the certificate issued: "ask the bank", not "try again".
    for (const refusal of [400, 401, 403, 409])
      it(`${refusal} → sent, ERR_CA_ANSWER_LOST`, async () => {
        ca.answer = status(refusal);
        expect(await goOn({ resend: 'idempotent' }, sent)).to.deep.equal({ state: 'sent', code: 'ERR_CA_ANSWER_LOST' });
      });

    it('503 → sent: that it did not act now says nothing of the first time', async () => {
      ca.answer = status(503);
      expect(await goOn({ resend: 'idempotent' }, sent)).to.deep.equal({ state: 'sent', code: 'ERR_CA_UNAVAILABLE' });
    });

    it('the certificate → issued, for the same bytes', async () => {
      ca.answer = issue(bank.authority);
      expect((await goOn({ resend: 'idempotent' }, sent)).state).to.equal('issued');
      expect(Buffer.from(ca.requests[0] ?? '', 'base64')).to.deep.equal(Buffer.from(signed.state.csr));
    });
  });

  describe('"later"', () => {
    const waits: readonly [string, retryAfter: () => string | undefined, atLeastMs: number, atMostMs: number][] = [
      ['seconds', () => '120', 120_000, 132_000],
      // To whole seconds, from when the CA answers.
      ['a date', () => new Date(Date.now() + HOUR_MS).toUTCString(), HOUR_MS - 2_000, HOUR_MS * 1.1],
      ['nothing', () => undefined, MINUTE_MS, 1.1 * MINUTE_MS],
      ['0', () => '0', 1_000, 1_100],
      ['a year', () => '31536000', 2 * HOUR_MS, 2.2 * HOUR_MS],
      ['words', () => 'soon', MINUTE_MS, 1.1 * MINUTE_MS],
    ];
    for (const [what, retryAfter, atLeastMs, atMostMs] of waits)
      it(`${what} → pending, within the profile's bounds, and up to a tenth later`, async () => {
        ca.answer = (request, response) => {
          const later = retryAfter();
          return status(202, '', later === undefined ? {} : { 'Retry-After': later })(request, response);
        };
        const agent = await pc.compose();
        await agent.ports.journal.write(signed);
        await agent.ports.journal.keepSecret(signed.enrollment, 'one-time-secret');
        const again = await pc.compose();
        const reached = new Promise<void>((done) =>
          again.enrollments.listen(signed.enrollment, 'owner', ({ state }) => state === 'pending' && done()),
        );
        const before = Date.now();
        again.enrollments.resume(signed.enrollment, 'owner');
        await reached;
        const after = Date.now();
        await again.close();
        const { state } = (await again.ports.journal.read(signed.enrollment)) ?? {};
        if (state?.name !== 'pending') throw new Error('not pending');
        expect(state.nextAt).to.be.within(before + atLeastMs, after + atMostMs);
        expect(state.deadlineAt).to.be.within(before + 24 * HOUR_MS, after + 24 * HOUR_MS);
        expect(await again.ports.journal.secret(signed.enrollment)).to.equal('one-time-secret');
      });
  });

  describe('to "what do you want to see in a request?", before anybody is asked and anything is made', () => {
    const say =
      (code: number, body: string | Buffer = ''): FaultyCa['csrattrs'] =>
      (response) =>
        void response.writeHead(code).end(body);
    const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64');
    const wishes: readonly [what: string, answer: FaultyCa['csrattrs'], code: ErrorCode, caMs?: number][] = [
      ['404: no wishes', say(404), 'ERR_USER_REFUSED'],
      ['204: no wishes', say(204), 'ERR_USER_REFUSED'],
      ['an empty SEQUENCE: no wishes', say(200, 'MAA='), 'ERR_USER_REFUSED'],
      ['a key on P-256', say(200, base64('300a06082a8648ce3d030107')), 'ERR_USER_REFUSED'],
      [
        'a key on P-384 alone, which was not ordered',
        say(200, base64('300706052b81040022')),
        'ERR_CA_ATTRIBUTES_UNSUPPORTED',
      ],
      [
        'a template of RFC 9908',
        say(200, base64('30133011060b2a864886f70d010910023d31023000')),
        'ERR_CA_ATTRIBUTES_UNSUPPORTED',
      ],
      ['a challenge password', say(200, base64('300b06092a864886f70d010907')), 'ERR_CA_ATTRIBUTES_UNSUPPORTED'],
      ['garbage', say(200, 'garbage!'), 'ERR_CA_ANSWER_INVALID'],
      ['500', say(500), 'ERR_CA_UNAVAILABLE'],
      ['a redirect', say(302), 'ERR_CA_REDIRECTED'],
      ['no answer in time', () => {}, 'ERR_CA_UNREACHABLE', SHORT_MS],
    ];
    for (const [what, answer, code, caMs = MINUTE_MS] of wishes)
      it(`${what} → ${code}`, async () => {
        grant(caMs);
        ca.csrattrs = answer;
        pc.answer({ consent: 'refuse' });
        const agent = await pc.compose();
        // Another account: this one's request is under way.
        const order = await bank.order({ keys: ['ec-p256'], account: { id: 'M0002', display: 'another' } });
        const { error } = await agent.enrollments.settled(
          await agent.enrollments.begin(order, ORIGIN, 'enroll'),
          'owner',
        );
        await agent.close();
        pc.answer({ pin: 'cancel' });
        expect(error?.code).to.equal(code);
        expect((await agent.ports.journal.list()).map(({ enrollment }) => enrollment)).to.deep.equal([
          signed.enrollment,
        ]);
        expect(objectsOn(pc, 'desk')).to.deep.equal(objects);
        expect(ca.requests).to.deep.equal([]);
      });
  });

  async function leafFor({ csr }: Parameters<Answer>[0], changes: object = {}): Promise<CertificateDer> {
    const spki = new Uint8Array(csr.publicKey.rawData);
    return makeLeaf({ issuer: bank.authority.issuing, spki, subject: csr.subjectName, ...changes });
  }
  const answerOf = (leaf: CertificateDer) => certsOnly([leaf, bank.authority.issuing.certificate]);
  const lines = (leaf: CertificateDer, end: string) =>
    (
      Buffer.from(answerOf(leaf))
        .toString('base64')
        .match(/.{1,64}/g) ?? []
    )
      .map((line) => line + end)
      .join('');
  const encoded = (certificates: readonly Uint8Array[]) => Buffer.from(certsOnly(certificates)).toString('base64');

  // Answers of the tables: the bank exists once the tests run.
  function wrong(changes: Parameters<typeof issue>[1]): Answer {
    return (request, response) => issue(bank.authority, changes)(request, response);
  }
  function foreign(): Answer {
    return async (request, response) => issue(await makeAuthority())(request, response);
  }
  function issuers(): Answer {
    return (_, response) =>
      void response.end(encoded([bank.authority.issuing.certificate, bank.authority.root.certificate]));
  }
  function many(count: number): Answer {
    return async (request, response) => {
      const leaf = await leafFor(request);
      response.end(encoded(Array.from({ length: count }, () => leaf)));
    };
  }
  function cut(): Answer {
    return async (request, response) => void response.end(lines(await leafFor(request), '\n').slice(0, 301));
  }
  function broken(): Answer {
    return async (request, response) => {
      const leaf = Uint8Array.from(await leafFor(request));
      const last = leaf.length - 1;
      leaf[last] = (leaf[last] ?? 0) ^ 1;
      response.end(encoded([leaf, bank.authority.issuing.certificate]));
    };
  }
});

/** PFX: version 3 and an authSafe of nothing (RFC 7292 §4). */
const PKCS12 = Buffer.from('3012020103300d06092a864886f70d010701a000', 'hex');

function halfAnswer(): Answer {
  return (_, response) => {
    response.writeHead(200, { 'Content-Length': '4000' });
    response.write('MIIB');
    setTimeout(() => response.destroy(), 20);
  };
}

function drip(): Answer {
  return (_, response) => {
    response.writeHead(200);
    const dripping = setInterval(() => response.write('M'), 50);
    response.once('close', () => clearInterval(dripping));
  };
}
