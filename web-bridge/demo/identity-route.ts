/** One attempt with お客様ID and ログインパスワード, as both the bank's log-in and the CA's identity page make it. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Account } from './accounts.ts';
import { identify, type Ra } from './ra.ts';
import type { Problem } from './screens/identity-form.ts';
import { csrfMatches, type Session } from './sessions.ts';

/** Kept in the session, so that a change of language or a reload loses only the password. */
export type FormMemory = { typedId: string };

/** The HTTP status of each problem. */
const STATUS: Readonly<Record<Problem['kind'], number>> = {
  missing: 422,
  unknown: 401,
  stale: 403,
  wait: 429,
  'certificate-only': 403,
};

export type Attempt = { readonly account: Account } | { readonly problem: Problem; readonly status: number };

/** The body comes from a stranger, so any member may be missing, or come twice. */
export function formField(request: FastifyRequest, name: string): string {
  const body = (request.body ?? {}) as Record<string, unknown>;
  const value = Object.hasOwn(body, name) ? body[name] : undefined;
  return typeof value === 'string' ? value : '';
}

export async function attemptIdentity(
  ra: Pick<Ra, 'store' | 'throttle'>,
  request: FastifyRequest,
  reply: FastifyReply,
  session: Session<FormMemory>,
): Promise<Attempt> {
  const id = formField(request, 'id').normalize('NFKC').trim().slice(0, 64);
  const password = formField(request, 'password').slice(0, 128);
  session.data.typedId = id;
  if (!csrfMatches(session, formField(request, 'csrf'))) return refuse({ kind: 'stale' });
  if (id === '' || password === '') return refuse({ kind: 'missing' });
  const identity = await identify(ra, id, password);
  if (identity.kind === 'known') return { account: identity.account };
  if (identity.kind === 'unknown') return refuse({ kind: 'unknown' });
  void reply.header('retry-after', identity.seconds);
  return refuse({ kind: 'wait', seconds: identity.seconds });
}

function refuse(problem: Problem): Attempt {
  return { problem, status: STATUS[problem.kind] };
}
