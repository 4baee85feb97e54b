/** The bank's own site: home, the WEB-FB log-in screen, and what a customer sees after it. */
import { findAccount } from './accounts.ts';
import type { CertificateLogin } from './certificate-login.ts';
import { certificateRoutes } from './certificate-routes.ts';
import { type Attempt, attemptIdentity, type FormMemory, formField } from './identity-route.ts';
import { managedAccounts } from './management.ts';
import { type ManagementMemory, managementRoutes } from './management-routes.ts';
import type { Ra } from './ra.ts';
import { accountPage, homePage, loginPage } from './screens/bank.ts';
import { appPage, helpPage } from './screens/help.ts';
import { keyboardHelp } from './screens/identity-form.ts';
import { errorPage, layout } from './screens/layout.ts';
import { csrfMatches, Sessions } from './sessions.ts';
import { mayReachAgent, type Web } from './web.ts';

type SiteSession = FormMemory & ManagementMemory & { loggedOut: boolean };

/** The contract decides. An ID that logs in with its certificate cannot log in by the password alone. */
function byContract(attempt: Attempt): Attempt {
  const moved = 'account' in attempt && attempt.account.method === 'certificate';
  return moved ? { problem: { kind: 'certificate-only' }, status: 403 } : attempt;
}

export function siteRoutes(web: Web, ra: Pick<Ra, 'store' | 'throttle' | 'renewal'>, login: CertificateLogin): void {
  const { app, secure, sceneOf, send } = web;
  const sessions = new Sessions<SiteSession>('bank', secure);

  app.get('/', (request, reply) => send(reply, homePage(sceneOf(request, reply))));
  app.get('/help', (request, reply) => send(reply, helpPage(sceneOf(request, reply))));
  app.get('/app', (request, reply) => send(reply, appPage(sceneOf(request, reply))));
  managementRoutes(web, ra, sessions);
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
    const attempt = byContract(await attemptIdentity(ra, request, reply, session));
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
    const { told } = session.data;
    delete session.data.told;
    const managed = managedAccounts(ra.store, account);
    return send(
      reply,
      accountPage(sceneOf(request, reply), { account, csrf: session.csrf, renewal: ra.renewal, managed, told }),
    );
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
