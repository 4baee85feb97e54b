/** The other end of the protocol for tests of bridge and SDK: enrollments that move when the test says so. */
import { randomBytes } from 'node:crypto';
import { type ErrorData, errorDataOf, type Words } from '../../web-bridge/protocol/envelope.ts';
import { AgentError, type ErrorCode } from '../../web-bridge/protocol/errors.ts';
import type { Caller, Handlers } from '../../web-bridge/protocol/handlers.ts';
import { byLanguage } from '../../web-bridge/protocol/languages.ts';
import type { EnrollmentId, EnrollmentResult, EnrollmentStatus, Method } from '../../web-bridge/protocol/methods.ts';

export const wordsOf = (code: ErrorCode): Words =>
  byLanguage((language) => ({ what: `${code} (${language})`, remedy: `Call your bank (${language}).` }));

export const errorOf = (code: ErrorCode): ErrorData => errorDataOf(new AgentError(code), wordsOf);

export const RESULT: EnrollmentResult = {
  certificate: 'MIIB',
  chain: ['MIIC'],
  chainComplete: true,
  subject: 'CN=541000000001',
  issuer: 'CN=Issuing CA',
  serialNumber: '4f2a',
  notBefore: '2026-04-01T00:00:00.000Z',
  notAfter: '2027-04-01T00:00:00.000Z',
  keyType: 'ec-p256',
  token: { label: 'Customer', model: 'SoftHSM v2' },
  examination: {
    claims: { sensitive: true, extractable: false, alwaysSensitive: true, neverExtractable: true, local: true },
    trials: [],
  },
  proof: { algorithm: 'ES256', signed: 'c2lnbmVk', signature: 'c2ln' },
};

type Enrollment = { status: EnrollmentStatus; origin: string; order: string; watchers: Set<Caller> };

export type SmallAgent = {
  readonly handlers: Handlers;
  /** Every call that reached a handler. */
  readonly calls: { method: Method; origin: string }[];
  readonly enrollments: Map<EnrollmentId, Enrollment>;
  /** While it is set, `hello` is not answered. */
  deaf: boolean;
  readonly advance: (enrollment: EnrollmentId, change: Omit<EnrollmentStatus, 'enrollment'>) => void;
};

export function createSmallAgent(): SmallAgent {
  const enrollments = new Map<EnrollmentId, Enrollment>();
  const calls: SmallAgent['calls'] = [];

  function own(id: EnrollmentId, { origin }: Caller): Enrollment {
    const found = enrollments.get(id);
    if (found?.origin !== origin) throw new AgentError('ERR_BRIDGE_ENROLLMENT_UNKNOWN');
    return found;
  }

  function join(enrollment: Enrollment, caller: Caller): EnrollmentId {
    enrollment.watchers.add(caller);
    caller.onClose(() => enrollment.watchers.delete(caller));
    return enrollment.status.enrollment;
  }

  function begin(order: string, caller: Caller): EnrollmentId {
    if (order === 'expired') throw new AgentError('ERR_POLICY_ORDER_EXPIRED', {}, new Error('not for the page'));
    const same = [...enrollments.values()].find((other) => other.order === order && other.origin === caller.origin);
    if (same) return join(same, caller);
    const id = randomBytes(16).toString('base64url');
    const fresh = {
      status: { enrollment: id, state: 'accepted' as const },
      origin: caller.origin,
      order,
      watchers: new Set<Caller>(),
    };
    enrollments.set(id, fresh);
    return join(fresh, caller);
  }

  /** Those that the tests of the bridge and of the SDK ask. A further method needs an answer here once a test asks it. */
  const answers: Partial<Handlers> = {
    hello: async () => ({ protocol: 'inkan.v1', version: '0.0.0' }),
    status: async (_, { origin }) => ({
      token: true,
      enrollments: [...enrollments.values()].filter((one) => one.origin === origin).map(({ status }) => status),
      renewal: { opensDaysBefore: 40, closesDaysAfter: 30, certificates: [] },
    }),
    enroll: async ({ order }, caller) => ({ enrollment: begin(order, caller) }),
    reenroll: async ({ order }, caller) => ({ enrollment: begin(order, caller) }),
    watch: async ({ enrollment }, caller) => {
      const found = own(enrollment, caller);
      join(found, caller);
      return found.status.state === 'completed' ? { ...found.status, result: RESULT } : found.status;
    },
    cancel: async ({ enrollment }, caller) => {
      own(enrollment, caller);
      advance(enrollment, { state: 'abandoned' });
      return own(enrollment, caller).status;
    },
    authenticate: async () => {
      throw new Error('a secret from within');
    },
    remove: async () => ({ removed: 'perhaps' }) as unknown as { removed: boolean },
  };

  function advance(id: EnrollmentId, change: Omit<EnrollmentStatus, 'enrollment'>): void {
    const found = enrollments.get(id);
    if (!found) throw new Error(`no enrollment ${id}`);
    found.status = { enrollment: id, ...change };
    for (const caller of found.watchers) caller.notify('progress', found.status);
  }

  const agent: SmallAgent = { handlers: {} as Handlers, calls, enrollments, advance, deaf: false };
  const counted = Object.entries(answers).map(([method, handler]) => [
    method,
    (params: never, caller: Caller) => {
      calls.push({ method: method as Method, origin: caller.origin });
      if (agent.deaf && method === 'hello') return new Promise(() => {});
      return handler(params, caller);
    },
  ]);
  Object.assign(agent.handlers, Object.fromEntries(counted));
  return agent;
}
