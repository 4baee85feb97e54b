/** The CA's pages, on an origin of their own: the identity check, and the page that hands the order to the agent. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Account, findAccount } from './accounts.ts';
import { attemptIdentity, type FormMemory } from './identity-route.ts';
import { type AcquisitionPurpose, type AcquisitionRefusal, acquisitionRefusal, makeOrder, type Ra } from './ra.ts';
import { acquisitionPage } from './screens/acquisition.ts';
import { identityPage, refusalWords, refusedPage, SCREEN_OF } from './screens/authority.ts';
import { keyboardHelp } from './screens/identity-form.ts';
import { layout, link } from './screens/layout.ts';
import { csrfMatches, type Session, Sessions } from './sessions.ts';
import type { Web } from './web.ts';

type CaSession = FormMemory & { account: string; purpose: AcquisitionPurpose };

export function authorityRoutes(web: Web, ra: Ra): void {
  const sessions = new Sessions<CaSession>('authority', web.secure);
  const { app, sceneOf, send } = web;
  app.get('/', (request, reply) =>
    reply.redirect(link(sceneOf(request, reply), `${sceneOf(request, reply).siteUrl}/login`)),
  );
  app.get('/software-keyboard', (request, reply) => {
    const scene = sceneOf(request, reply);
    return send(reply, layout(scene, { title: scene.words('keyboard.title'), body: keyboardHelp(scene) }));
  });
  identityRoutes(web, ra, sessions, 'enroll');
  identityRoutes(web, ra, sessions, 'reenroll');

  app.get('/acquisition', (request, reply) => {
    const session = sessions.open(request, reply);
    const known = identified(ra, session);
    if (!known) return reply.redirect(`/${SCREEN_OF[session.data.purpose ?? 'enroll']}`, 303);
    return send(reply, acquisitionPage(sceneOf(request, reply), { ...known, csrf: session.csrf }));
  });
  app.get('/refused', (request, reply) => {
    const session = sessions.open(request, reply);
    const known = identified(ra, session);
    const refusal = known && acquisitionRefusal(known.account, known.purpose, ra.renewal);
    if (!refusal) return reply.redirect('/acquisition', 303);
    const scene = sceneOf(request, reply);
    const words = refusalWords(scene, known.account, refusal, ra.renewal);
    return send(reply, refusedPage(scene, words, RESUMABLE.includes(refusal)), 409);
  });
  app.post('/order', (request, reply) => answerOrder(web, ra, sessions.open(request, reply), request, reply));
}

type Identified = { readonly account: Account; readonly purpose: AcquisitionPurpose };

function identified(ra: Ra, { data }: Session<CaSession>): Identified | undefined {
  const account = findAccount(ra.store, data.account ?? '');
  return account && { account, purpose: data.purpose ?? 'enroll' };
}

function identityRoutes(
  { app, sceneOf, send }: Web,
  ra: Ra,
  sessions: Sessions<CaSession>,
  purpose: AcquisitionPurpose,
): void {
  const path = `/${SCREEN_OF[purpose]}`;
  app.get(path, (request, reply) => {
    const session = sessions.open(request, reply);
    const form = { csrf: session.csrf, id: session.data.typedId ?? '', problem: undefined };
    return send(reply, identityPage(sceneOf(request, reply), purpose, form));
  });
  app.post(path, async (request, reply) => {
    const session = sessions.open(request, reply);
    const attempt = await attemptIdentity(ra, request, reply, session);
    const scene = sceneOf(request, reply);
    if ('problem' in attempt) {
      const form = { csrf: session.csrf, id: session.data.typedId ?? '', problem: attempt.problem };
      return send(reply, identityPage(scene, purpose, form), attempt.status);
    }
    const { account } = attempt;
    sessions.begin(reply, { account: account.id, purpose, typedId: account.id });
    return reply.redirect(acquisitionRefusal(account, purpose, ra.renewal) ? '/refused' : '/acquisition', 303);
  });
}

/** The certificate was issued, but the customer may have left before it was on the token. The agent can still write it. */
const RESUMABLE: readonly AcquisitionRefusal[] = ['already-certified', 'window-not-open'];

/** Support codes of the bank's own refusals; the agent's are in its table. */
const SUPPORT: Readonly<Record<AcquisitionRefusal | 'order.expired', string>> = {
  'order.expired': 'K01',
  'already-certified': 'K02',
  'reacquire-instead': 'K03',
  'nothing-to-replace': 'K04',
  'window-not-open': 'K05',
  'window-closed': 'K06',
  revoked: 'K09',
  staff: 'K11',
};

/** The order is made when the customer clicks, so that it has its full lifetime. Only our own page's script gets it. */
async function answerOrder(
  { sceneOf }: Web,
  ra: Ra,
  session: Session<CaSession>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<object> {
  const scene = sceneOf(request, reply);
  const known = identified(ra, session);
  if (!known || !csrfMatches(session, request.headers['x-csrf-token'])) {
    void reply.code(403);
    const words = { what: scene.words('order.expired.what'), remedy: scene.words('order.expired.remedy') };
    return { ...words, support: SUPPORT['order.expired'] };
  }
  const { account, purpose } = known;
  const refusal = acquisitionRefusal(account, purpose, ra.renewal);
  if (!refusal) return { order: await makeOrder(ra, account, purpose) };
  void reply.code(409);
  return { ...refusalWords(scene, account, refusal, ra.renewal), support: SUPPORT[refusal] };
}
