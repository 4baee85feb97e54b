/** The routes behind `certificate-login.ts`: pages that speak with the agent, and the orders they hand to it. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Account, findAccount } from './accounts.ts';
import {
  type CertificateLogin,
  logIn,
  makeLoginOrder,
  makeRemovalOrder,
  recordRemoval,
  removableCertificate,
} from './certificate-login.ts';
import { certificateLoginPage } from './screens/certificate.ts';
import { csrfMatches, type Session, type Sessions } from './sessions.ts';
import { mayReachAgent, type Web } from './web.ts';

type WithAccount = { account: string };

/** Support codes of the bank's own refusals, beside those of acquisition. */
const SUPPORT = { stale: 'K07', refused: 'K08' } as const;

export function certificateRoutes<S extends WithAccount>(
  { app, sceneOf, send }: Web,
  login: CertificateLogin,
  sessions: Sessions<S>,
  begin: (reply: FastifyReply, account: Account) => void,
): void {
  const refuse = (request: FastifyRequest, reply: FastifyReply, why: keyof typeof SUPPORT) => {
    const { words } = sceneOf(request, reply);
    void reply.code(why === 'stale' ? 403 : 401);
    const what = words(`certificate-login.${why}.what`);
    return { what, remedy: words(`certificate-login.${why}.remedy`), support: SUPPORT[why] };
  };
  /** Only for scripts of our own pages; the work is given the session. */
  const post = (
    path: string,
    work: (session: Session<S>, request: FastifyRequest, reply: FastifyReply) => Promise<object>,
  ) =>
    app.post(path, async (request, reply) => {
      const session = sessions.open(request, reply);
      const ours = csrfMatches(session, request.headers['x-csrf-token']);
      return ours ? await work(session, request, reply) : refuse(request, reply, 'stale');
    });

  app.get('/certificate-login', (request, reply) => {
    const { csrf } = sessions.open(request, reply);
    mayReachAgent(reply);
    return send(reply, certificateLoginPage(sceneOf(request, reply), csrf));
  });
  post('/certificate-login/order', async ({ id }) => ({ order: await makeLoginOrder(login, id) }));
  post('/certificate-login', async ({ id }, request, reply) => {
    const account = await logIn(login, id, request.body);
    if (!account) return refuse(request, reply, 'refused');
    begin(reply, account);
    return { location: '/account' };
  });

  post('/removal/order', async ({ data }, request, reply) => {
    const account = findAccount(login.store, data.account ?? '');
    const old = account && removableCertificate(account);
    return account && old ? { order: await makeRemovalOrder(login, account, old) } : refuse(request, reply, 'stale');
  });
  post('/removal', async ({ data }, request, reply) => {
    const account = findAccount(login.store, data.account ?? '');
    if (!account) return refuse(request, reply, 'stale');
    recordRemoval(login.store, account.id);
    return {};
  });
}
