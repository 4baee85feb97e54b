/** The pages for `management.ts`. Each action is shown once more before it is done, because it cannot be undone. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Account, findAccount } from './accounts.ts';
import { formField } from './identity-route.ts';
import { carryOut, MANAGEMENT_ACTIONS, type ManagementAct, managedAccounts, possibleActions } from './management.ts';
import type { Ra } from './ra.ts';
import { errorPage } from './screens/layout.ts';
import { confirmationPage } from './screens/management.ts';
import { csrfMatches, type Session, type Sessions } from './sessions.ts';
import type { Web } from './web.ts';

export type ManagementMemory = { account: string; told: { act: ManagementAct; id: string } };

export function managementRoutes<S extends ManagementMemory>(
  web: Web,
  { store }: Pick<Ra, 'store'>,
  sessions: Sessions<S>,
): void {
  const { app, sceneOf, send } = web;
  /** The account to be changed, if the person of this session may change it so. */
  const target = ({ data }: Session<S>, act: ManagementAct, id: string): Account | undefined => {
    const own = findAccount(store, data.account ?? '');
    const found = own && managedAccounts(store, own).find((other) => other.id === id);
    return found && possibleActions(found).includes(act) ? found : undefined;
  };
  const refuse = (request: FastifyRequest, reply: FastifyReply) =>
    send(reply, errorPage(sceneOf(request, reply), 403), 403);

  for (const act of MANAGEMENT_ACTIONS) {
    app.get(`/certificates/${act}`, (request, reply) => {
      const session = sessions.open(request, reply);
      if (!findAccount(store, session.data.account ?? '')) return reply.redirect('/login', 303);
      const { id } = request.query as Record<string, unknown>;
      const found = target(session, act, typeof id === 'string' ? id : '');
      if (!found) return refuse(request, reply);
      return send(reply, confirmationPage(sceneOf(request, reply), found, act, session.csrf));
    });
    app.post(`/certificates/${act}`, (request, reply) => {
      const session = sessions.open(request, reply);
      const found = target(session, act, formField(request, 'id'));
      if (!found || !csrfMatches(session, formField(request, 'csrf'))) return refuse(request, reply);
      carryOut(store, found.id, act);
      session.data.told = { act, id: found.id };
      return reply.redirect('/account', 303);
    });
  }
}
