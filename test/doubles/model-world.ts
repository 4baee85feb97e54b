/**
 * The world of an enrollment as plain data: a token, a CA and a journal that remember, and an agent that can be disturbed at
 * any call it makes of them. Keys, requests and certificates are real, so that the agent's own checks have something to check.
 */

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { Enrollments } from '../../agent/enrollment/enrollments.ts';
import { createAttention } from '../../agent/operations/attention.ts';
import type { CaAnswer } from '../../agent/ports/ca.ts';
import type { Notice } from '../../agent/ports/human.ts';
import type { Ports } from '../../agent/ports/ports.ts';
import type { JournalEntry } from '../../agent/ports/records.ts';
import type { PinContext, TokenDescription, TokenSession } from '../../agent/ports/token.ts';
import { asDer, type CertificateDer, type CsrDer, type SpkiDer } from '../../web-bridge/asn1/der.ts';
import { AgentError, type ErrorCode } from '../../web-bridge/protocol/errors.ts';
import { makeLeaf } from '../stage/authority.ts';
import type { TestBank } from '../stage/test-bank.ts';

/** What happens at the n-th call that the agent makes of the world. `lost`: it is done, and the answer does not arrive. */
export type Disturbance = { readonly at: number; readonly what: 'kill-before' | 'kill-after' | 'fault' | 'lost' };
type Key = { readonly spki: SpkiDer; readonly privateKey: KeyObject };

/** An error: what the agent's client makes of the answer. */
export type CaSays = 'issued' | 'pending' | 'unavailable' | 'refused' | AgentError;

export type ModelWorld = {
  readonly keys: ReadonlyMap<string, Key>;
  /** On the token. */
  readonly certificates: readonly CertificateDer[];
  /**
   * What the CA received: by which authorization, for which bytes; `final`: it issued, or it
   * refused for good, a request that it had not put off.
   */
  readonly requests: readonly { readonly secret: string; readonly csr: string; readonly final: boolean }[];
  readonly issued: readonly { readonly secret: string; readonly spki: string; readonly certificate: CertificateDer }[];
  readonly journal: ReadonlyMap<string, JournalEntry>;
  /** The authorizations on disk, by enrollment. */
  readonly secrets: ReadonlyMap<string, string>;
  /** What each session with the token was opened for: the PIN is asked once in each. */
  readonly opened: readonly PinContext['purpose'][];
  /** What a person who may be elsewhere was told. */
  readonly notices: readonly Notice[];
  readonly reports: readonly { readonly fact: string; readonly details: Readonly<Record<string, unknown>> }[];
  /** How the CA answers. */
  caSays: CaSays;
  /** How it answers before that, each once. */
  readonly caSaysFirst: CaSays[];
  /** What a CA that says "later" names as the time to ask again. */
  retryAfterMs: number | undefined;
  /** How long the CA takes to answer. */
  answersAfterMs: number;
  /** What the CA's answer holds for a certificate, and its own certificates. */
  answerFor: (certificate: CertificateDer) => Promise<readonly CertificateDer[]>;
  cacerts: readonly CertificateDer[];
  /** What was written beside each certificate. */
  readonly written: readonly { readonly chain: readonly CertificateDer[]; readonly label: string }[];
  /** What a call of the token ends in, until it is taken out. */
  readonly tokenFails: Partial<Record<'open' | keyof TokenSession, AgentError>>;
  disturbance: Disturbance | undefined;
  now(): number;
  /** An agent started anew; the one before it is dead. */
  start(): Promise<Enrollments>;
  /** Answers when the agent was killed. */
  readonly killed: () => Promise<void>;
};

const TOKEN = {
  module: '/model.so',
  label: 'desk',
  serialNumber: '1',
  manufacturer: 'model',
  model: 'model',
  slotDescription: 'slot',
  userPinInitialized: true,
  writeProtected: false,
  pinCountLow: false,
  pinFinalTry: false,
  pinLocked: false,
  pinPad: false,
  keyTypes: ['ec-p256'],
} as const satisfies TokenDescription;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export function modelWorld(bank: TestBank, resend: 'never' | 'idempotent'): ModelWorld {
  const keys = new Map<string, Key>();
  const certificates: CertificateDer[] = [];
  const requests: { secret: string; csr: string; final: boolean }[] = [];
  const issued: { secret: string; spki: string; certificate: CertificateDer }[] = [];
  const answers = new Map<string, CertificateDer>();
  const waiting = new Set<string>();
  const journal = new Map<string, JournalEntry>();
  const secrets = new Map<string, string>();
  const written: { chain: readonly CertificateDer[]; label: string }[] = [];
  const opened: PinContext['purpose'][] = [];
  const notices: Notice[] = [];
  const reports: { fact: string; details: Readonly<Record<string, unknown>> }[] = [];
  let [time, calls, life, unique] = [Date.now(), 0, 0, 0];
  let die = (): void => {};
  let death = new Promise<void>(() => {});

  const world: ModelWorld = {
    keys,
    certificates,
    requests,
    issued,
    journal,
    secrets,
    opened,
    notices,
    reports,
    caSays: 'issued',
    caSaysFirst: [],
    retryAfterMs: 10_000,
    answersAfterMs: 0,
    answerFor: async (certificate) => [certificate, bank.authority.issuing.certificate],
    cacerts: [bank.authority.issuing.certificate],
    written,
    tokenFails: {},
    disturbance: undefined,
    now,
    killed: () => death,
    async start() {
      life += 1;
      calls = 0;
      death = new Promise((dead) => {
        die = dead;
      });
      const { enrollment, ...profile } = bank.profile;
      const service = { ...enrollment['customers'], resend } as NonNullable<(typeof enrollment)['customers']>;
      const agent = new Enrollments(portsOf(life), async () => [{ ...profile, enrollment: { customers: service } }]);
      await agent.recover();
      return agent;
    },
  };

  /** No two moments are one. */
  function now(): number {
    time += 1;
    return time;
  }

  /** Each call of the world goes through here. A dead agent's calls do nothing and never come back. */
  async function call<T>(own: number, lost: ErrorCode, act: () => Promise<T> | T): Promise<T> {
    const nothing = new Promise<never>(() => {});
    if (own !== life) return nothing;
    calls += 1;
    const what = world.disturbance?.at === calls ? world.disturbance.what : undefined;
    if (what) world.disturbance = undefined;
    if (what === 'kill-before') return kill(nothing);
    if (what === 'fault') throw new AgentError(lost === 'ERR_CA_ANSWER_LOST' ? 'ERR_CA_UNREACHABLE' : lost);
    const done = await act();
    if (what === 'kill-after') return kill(nothing);
    if (what === 'lost') throw new AgentError(lost);
    return done;
  }
  function kill(nothing: Promise<never>): Promise<never> {
    life += 1;
    die();
    return nothing;
  }

  function portsOf(own: number): Ports {
    const host = <T>(name: keyof ModelWorld['tokenFails'], act: () => T) =>
      call(own, 'ERR_TOKEN_HOST_CRASHED', () => {
        const failure = world.tokenFails[name];
        if (failure) throw failure;
        return act();
      });
    const disk = <T>(act: () => T) => call(own, 'ERR_INTERNAL_STATE_UNWRITABLE', act);
    const held = new Set<string>();
    const hold: Ports['locks']['hold'] = async (name, busy) => {
      if (held.has(name)) throw busy;
      held.add(name);
      return async () => void held.delete(name);
    };
    return {
      tokens: {
        list: async () => [TOKEN],
        watch: never,
        certificates: async () => [],
        open: (_token, { purpose }) =>
          host('open', () => {
            opened.push(purpose);
            return sessionOf(host);
          }),
      },
      connectCa: () => ({
        demands: async () => ({ keys: undefined }),
        certificates: async () => [...world.cacerts],
        request: (csr, { secret }) => call(own, 'ERR_CA_ANSWER_LOST', () => answer(csr, secret)),
        clock: async () => undefined,
      }),
      human: {
        consent: async () => {},
        authorizationCode: async () => '',
        insertToken: never,
        showPinLocked: async () => {},
        chooseToken: async () => TOKEN,
        chooseCertificate: async ({ certificates: [first] }) => {
          if (!first) throw new AgentError('ERR_USER_CANCELLED');
          return first;
        },
      },
      journal: {
        read: async (enrollment) => journal.get(enrollment),
        list: async () => [...journal.values()],
        reserve: async () => {},
        release: async () => {},
        write: (entry) => disk(() => void journal.set(entry.enrollment, structuredClone(entry))),
        keepSecret: (enrollment, secret) => disk(() => void secrets.set(enrollment, secret)),
        secret: async (enrollment) => secrets.get(enrollment),
        eraseSecret: async (enrollment) => void secrets.delete(enrollment),
        eraseAbandoned: async () => {
          for (const enrollment of secrets.keys()) if (!journal.has(enrollment)) secrets.delete(enrollment);
        },
      },
      locks: { hold, holdToken: async () => async () => {} },
      attention: createAttention(() => time),
      spentOrders: { check: async () => {}, spend: async () => {} },
      reminderBook: { last: async () => undefined, write: async () => {}, keepOnly: async () => {} },
      clock: {
        now,
        sleep: async (ms, signal) => {
          signal.throwIfAborted();
          time += ms;
        },
      },
      // Unique and not random, so that a run that fails can be run again.
      random: (bytes) => {
        unique += 1;
        const text = Buffer.alloc(bytes);
        if (bytes >= 4) text.writeUInt32BE(unique, bytes - 4);
        return new Uint8Array(text);
      },
      notify: (notice) => void notices.push(notice),
      report: (fact, details) => void reports.push({ fact, details }),
    };
  }

  function sessionOf(host: <T>(name: keyof ModelWorld['tokenFails'], act: () => T) => Promise<T>): TokenSession {
    const keyOf = (ckaId: Uint8Array): Key => {
      const key = keys.get(hex(ckaId));
      if (!key) throw new AgentError('ERR_TOKEN_KEY_MISSING');
      return key;
    };
    return {
      generate: ({ ckaId }) =>
        host('generate', () => {
          const key = keys.get(hex(ckaId)) ?? newKey();
          keys.set(hex(ckaId), key);
          return { keyType: 'ec-p256', spki: key.spki, examination: { claims: {}, trials: [] } as never };
        }),
      signRequest: ({ ckaId }, info) =>
        host('signRequest', () => new Uint8Array(sign('sha256', info, keyOf(ckaId).privateKey))),
      store: ({ ckaId }, certificate, chain, label) =>
        host('store', () => {
          keyOf(ckaId);
          written.push({ chain, label });
          if (!certificates.some((one) => hex(one) === hex(certificate))) certificates.push(certificate);
        }),
      prove: ({ ckaId }) =>
        host('prove', () => {
          keyOf(ckaId);
          return { algorithm: 'ES256', signed: '', signature: '' };
        }),
      destroy: (ckaId) => host('destroy', () => ({ left: keys.delete(hex(ckaId)) ? 0 : 0 })),
      authenticate: never,
      remove: never,
      changePin: never,
      close: async () => {},
    };
  }

  async function answer(csr: CsrDer, secret: string): Promise<CaAnswer> {
    const says = world.caSaysFirst.shift() ?? world.caSays;
    const final = !waiting.has(hex(csr)) && (says === 'issued' || says === 'refused');
    requests.push({ secret, csr: hex(csr), final });
    time += world.answersAfterMs;
    if (says instanceof AgentError) throw says;
    if (says === 'unavailable') throw new AgentError('ERR_CA_UNAVAILABLE', { status: 503 });
    if (says === 'refused') throw new AgentError('ERR_CA_AUTHORIZATION_REFUSED', { status: 401 });
    if (says === 'pending') {
      waiting.add(hex(csr));
      return { kind: 'pending', retryAfterMs: world.retryAfterMs };
    }
    // RFC 7030 §4.2.3: a CA that said "later" knows the request when it comes again.
    const known = resend === 'idempotent' || waiting.has(hex(csr));
    const certificate = (known ? answers.get(hex(csr)) : undefined) ?? (await certify(csr, secret));
    answers.set(hex(csr), certificate);
    return { kind: 'issued', certificates: await world.answerFor(certificate), date: undefined };
  }

  async function certify(csr: CsrDer, secret: string): Promise<CertificateDer> {
    const { Pkcs10CertificateRequest } = await import('@peculiar/x509');
    const { publicKey, subjectName } = new Pkcs10CertificateRequest(Uint8Array.from(csr));
    const spki = new Uint8Array(publicKey.rawData);
    const certificate = await makeLeaf({ issuer: bank.authority.issuing, spki, subject: subjectName });
    issued.push({ secret, spki: hex(spki), certificate });
    return certificate;
  }
  return world;
}

/** Nothing of an enrollment comes here. */
function never(): Promise<never> {
  return Promise.reject(new AgentError('ERR_INTERNAL_FAILED'));
}

function newKey(): Key {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { privateKey, spki: asDer<SpkiDer>(new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }))) };
}
