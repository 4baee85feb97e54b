/**
 * What an attacker finds: the agent that ships, serving, with two banks' profiles, a token whose calls are counted, a CA,
 * and dialogs that are counted too. The first test bank signs whatever claims a test wants.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompactSign } from 'jose';
import type { WebSocket } from 'ws';
import { type Agent, compose, serve } from '../../agent/main.ts';
import type { EnrollmentResult, Result } from '../../web-bridge/protocol/methods.ts';
import type { Bridge } from '../../web-bridge/server/server.ts';
import { until } from '../contract/processes.ts';
import { type FaultyCa, startFaultyCa } from '../doubles/faulty-ca.ts';
import { compileFaultyModule, type FaultyModule, faultyModuleOver } from '../doubles/faulty-module.ts';
import { type CustomerPc, setUpPc } from './customer-pc.ts';
import { type Answer, call, codeOf, openPage } from './knock.ts';
import { type NotedDialogs, noteDialogs } from './noted-dialogs.ts';
import { ORIGIN, openTestBank, type TestBank } from './test-bank.ts';

export const OTHER_ORIGIN = 'https://www.other.example';

export type Target = {
  readonly folder: string;
  readonly port: number;
  readonly agent: Agent;
  readonly pc: CustomerPc;
  readonly dialogs: NotedDialogs;
  readonly module: FaultyModule;
  readonly bank: TestBank;
  readonly other: TestBank;
  readonly ca: FaultyCa;
  /** An open WebSocket, gone with the target at the latest. */
  page(origin?: string): Promise<WebSocket>;
  /** Signed by the first bank's key, or another: claims and header that the bank's own code would not sign. */
  forge(claims: object, header?: object, bank?: TestBank): Promise<string>;
  /** Names of PKCS#11 functions called, and dialogs shown, since the beginning or the last `forget`. */
  touched(): { readonly calls: number; readonly dialogs: number };
  forget(): Promise<void>;
  /** The code by which one call is refused, over a WebSocket of its own. */
  refusal(method: string, params: object, origin?: string): Promise<string>;
  /** A whole acquisition through the bridge, which must end well. */
  enroll(changes?: object, by?: TestBank): Promise<EnrollmentResult>;
  /** A log-in through the bridge, with claims that the bank's own code might not sign. */
  logIn(nonce: string, changes?: object): Promise<Answer<Result<'authenticate'>>>;
  leave(): Promise<void>;
};

export type TargetOptions = {
  /** Further origins of the first bank. */
  readonly origins?: readonly string[];
  readonly service?: Readonly<Record<string, unknown>>;
};

export async function standTarget({ origins = [], service = {} }: TargetOptions = {}): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'inkan-target-'));
  const pc = setUpPc(folder);
  const module = faultyModuleOver({ ...pc, environment: pc.tokenEnvironment }, compileFaultyModule(folder), folder);
  const bank = await openTestBank({ test: true, origins: [ORIGIN, ...origins] });
  const other = await openTestBank({ test: true, id: 'other-bank', origins: [OTHER_ORIGIN] });
  const [ca, otherCa] = [await startFaultyCa(bank.authority), await startFaultyCa(other.authority)];
  pc.setModules([module.planned('')]);
  pc.addProfile(profileAt(bank, ca, service));
  pc.addProfile(profileAt(other, otherCa, {}));
  const dialogs = noteDialogs(folder, pc.pin);
  const closeCas = () => Promise.all([ca.close(), otherCa.close()]);
  // A server that is left listening would keep the whole suite from ending.
  const { agent, bridge } = await begin(pc, dialogs).catch(async (error: unknown) => {
    await closeCas();
    throw error;
  });
  const locks = join(folder, 'state/locks');
  const pages: WebSocket[] = [];
  let before = { calls: 0, dialogs: 0 };
  const counted = () => ({ calls: module.calls().length, dialogs: dialogs.shown().length });
  const page = async (origin = ORIGIN): Promise<WebSocket> => {
    pages.push(await openPage(bridge.port, origin));
    return pages.at(-1)!;
  };
  const target: Target = {
    folder,
    port: bridge.port,
    agent,
    pc,
    dialogs,
    module,
    bank,
    other,
    ca,
    page,
    refusal: async (method, params, origin = ORIGIN) => {
      const socket = await openPage(bridge.port, origin);
      const code = await codeOf(call(socket, method, params));
      socket.terminate();
      return code;
    },
    enroll: async (changes = {}, by = bank) => {
      const socket = await openPage(bridge.port, by.profile.origins[0] ?? '');
      const order = await forge(by, { ...by.claims(), origin: by.profile.origins[0], ...changes });
      const { result, error } = await call<{ enrollment: string }>(socket, 'enroll', { order });
      if (error as unknown) throw new Error(`refused by ${error.data.code}`);
      const standing = await agent.enrollments.settled(result.enrollment, 'owner');
      const made = await agent.enrollments.result(result.enrollment, 'owner');
      socket.terminate();
      if (!made) throw new Error(`${standing.state} by ${standing.error?.code}`);
      return made;
    },
    logIn: async (nonce, changes = {}) => {
      const socket = await openPage(bridge.port, ORIGIN);
      const order = await forge(bank, loginClaims(bank, nonce, changes));
      const answer = await call<Result<'authenticate'>>(socket, 'authenticate', { order });
      socket.terminate();
      return answer;
    },
    forge: (claims, header, by = bank) => forge(by, claims, header),
    touched: () => {
      const now = counted();
      return { calls: now.calls - before.calls, dialogs: now.dialogs - before.dialogs };
    },
    forget: async () => {
      // A log-in is answered before the module's farewell: it holds the token until that is over.
      await until('the token is free', () => !namesIn(locks).some((name) => name.startsWith('token-')), 5_000);
      before = counted();
    },
    leave: async () => {
      for (const page of pages) page.terminate();
      await bridge.close();
      await agent.close();
      await closeCas();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return target;
}

async function begin(pc: CustomerPc, dialogs: NotedDialogs): Promise<{ agent: Agent; bridge: Bridge }> {
  const agent = await compose({ environment: { ...pc.environment, ...dialogs.environment } });
  return { agent, bridge: await serve(agent, [0]) };
}

function profileAt({ profile }: TestBank, ca: FaultyCa, service: object): Record<string, unknown> {
  const { enrollment, ...rest } = JSON.parse(JSON.stringify(profile)) as typeof profile;
  const customers = { ...enrollment['customers'], url: ca.url, ...service };
  return { ...rest, enrollment: { customers }, deadlines: { retryAtLeastMs: 50 } };
}

async function forge({ key: { key, kid, alg } }: TestBank, claims: object, header: object = {}): Promise<string> {
  return await new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg, kid, typ: 'inkan-order+jwt', ...header })
    .sign(key);
}

/** Claims of a log-in. */
export function loginClaims(bank: TestBank, nonce: string, changes: object = {}): object {
  const { aud, jti, iat, exp } = bank.claims();
  const { profile } = bank;
  return {
    iss: profile.id,
    aud,
    jti,
    iat,
    exp,
    origin: profile.origins[0],
    purpose: 'authenticate',
    nonce,
    ...changes,
  };
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
