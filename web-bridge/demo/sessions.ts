/** Browser sessions of one origin, in memory: a restart of the server only asks customers to identify themselves anew. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

const LIFETIME_MS = 30 * 60_000;
const MAX_SESSIONS = 10_000;

export type Session<Data> = { readonly id: string; readonly csrf: string; usedAt: number; data: Partial<Data> };

export class Sessions<Data> {
  readonly #sessions = new Map<string, Session<Data>>();
  readonly #cookie: string;
  readonly #secure: boolean;

  /** Cookies know no ports, so each side on localhost needs a name of its own; `__Host-` pins it where TLS allows. */
  constructor(side: string, secure: boolean) {
    this.#cookie = `${secure ? '__Host-' : ''}${side}-session`;
    this.#secure = secure;
  }

  /** The session of this browser; a new one where it has none. */
  open(request: FastifyRequest, reply: FastifyReply): Session<Data> {
    const known = this.#sessions.get(request.cookies[this.#cookie] ?? '');
    if (!known || Date.now() - known.usedAt > LIFETIME_MS) return this.begin(reply);
    known.usedAt = Date.now();
    return known;
  }

  /** Gives the session a new name after the customer was identified, so that a name known before cannot be used. */
  begin(reply: FastifyReply, data: Partial<Data> = {}): Session<Data> {
    const fresh = (): string => randomBytes(24).toString('base64url');
    const session: Session<Data> = { id: fresh(), csrf: fresh(), usedAt: Date.now(), data };
    this.#sessions.set(session.id, session);
    this.#makeRoom();
    // Lax, not Strict, because customers come here by a link from the bank's site.
    void reply.setCookie(this.#cookie, session.id, {
      httpOnly: true,
      sameSite: 'lax',
      secure: this.#secure,
      path: '/',
    });
    return session;
  }

  end(session: Session<Data>, reply: FastifyReply): void {
    this.#sessions.delete(session.id);
    void reply.clearCookie(this.#cookie, { secure: this.#secure, path: '/' });
  }

  #makeRoom(): void {
    for (const [id, { usedAt }] of this.#sessions) {
      if (this.#sessions.size <= MAX_SESSIONS && Date.now() - usedAt <= LIFETIME_MS) return;
      this.#sessions.delete(id);
    }
  }
}

/** Whether a form or a script of our own page sent this. */
export function csrfMatches(session: Session<unknown>, shown: unknown): boolean {
  if (typeof shown !== 'string' || shown.length !== session.csrf.length) return false;
  const [a, b] = [Buffer.from(shown), Buffer.from(session.csrf)];
  return a.length === b.length && timingSafeEqual(a, b);
}
