/** The bank's own site: home, the WEB-FB log-in screen, and what a customer sees after it. */
import { findAccount } from './accounts.ts';
import type { CertificateLogin } from './certificate-login.ts';
import { certificateRoutes } from './certificate-routes.ts';
import { attemptIdentity, type FormMemory, formField } from './identity-route.ts';
import type { Ra } from './ra.ts';
import { accountPage, homePage, loginPage } from './screens/bank.ts';
import { keyboardHelp } from './screens/identity-form.ts';
import { errorPage, layout } from './screens/layout.ts';
import { csrfMatches, Sessions } from './sessions.ts';
import { mayReachAgent, type Web } from './web.ts';

type SiteSession = FormMemory & { account: string; loggedOut: boolean };

export function siteRoutes(web: Web, ra: Pick<Ra, 'store' | 'throttle' | 'renewal'>, login: CertificateLogin): void {
  const { app, secure, sceneOf, send } = web;
  const sessions = new Sessions<SiteSession>('bank', secure);

  app.get('/', (request, reply) => send(reply, homePage(sceneOf(request, reply))));
  app.get('/software-keyboard', (request, reply) => {
    const scene = sceneOf(request, reply);
    return send(reply, layout(scene, { title: scene.words('keyboard.title'), body: keyboardHelp(scene) }));
  });
  certificateRoutes(web, login, sessions, (reply, { id }) => void sessions.begin(reply, { account: id }));

  app.get('/login', (request, reply) => {
    const session = sessions.open(request, reply);
    const { typedId = '', loggedOut = false } = session.data;
    delete session.data.loggedOut;
    const page = { csrf: session.csrf, id: typedId, problem: undefined, loggedOut };
    return send(reply, loginPage(sceneOf(request, reply), page));
  });
  app.post('/login', async (request, reply) => {
    const session = sessions.open(request, reply);
    const attempt = await attemptIdentity(ra, request, reply, session);
    if ('account' in attempt) {
      sessions.begin(reply, { account: attempt.account.id });
      return reply.redirect('/account', 303);
    }
    const { typedId = '' } = session.data;
    const page = { csrf: session.csrf, id: typedId, problem: attempt.problem, loggedOut: false };
    return send(reply, loginPage(sceneOf(request, reply), page), attempt.status);
  });

  app.get('/account', (request, reply) => {
    const session = sessions.open(request, reply);
    const account = findAccount(ra.store, session.data.account ?? '');
    if (!account) return reply.redirect('/login', 303);
    mayReachAgent(reply);
    return send(reply, accountPage(sceneOf(request, reply), account, session.csrf, ra.renewal));
  });
  app.get('/logout', (_request, reply) => reply.redirect('/login', 303));
  app.post('/logout', (request, reply) => {
    const session = sessions.open(request, reply);
    if (!csrfMatches(session, formField(request, 'csrf')))
      return send(reply, errorPage(sceneOf(request, reply), 403), 403);
    sessions.end(session, reply);
    sessions.begin(reply, { loggedOut: true });
    return reply.redirect('/login', 303);
  });
}
