/** The use case speaks of plans, the dialogs of what people read: this is the bridge between the two. */
import { AgentError } from '../web-bridge/protocol/errors.ts';
import type { Dialog } from './dialog/dialog.ts';
import type { Human } from './enrollment/ports.ts';

/** @param openFor a dialog for this plan's bank: its time limit, and a scripted human for test profiles only */
export function humanAt(openFor: (plan: Parameters<Human['consent']>[0]['plan']) => Dialog): Human {
  return {
    async consent({ plan, token, keyType }, signal) {
      const { purpose, bank, origin, account, help } = plan;
      const telephone = { ja: help.ja.telephone, en: help.en.telephone };
      const question = { purpose, bank, origin, account, token, keyType, telephone };
      if (!(await openFor(plan).consent(question, signal))) throw new AgentError('ERR_USER_REFUSED');
    },
    authorizationCode({ plan }, signal) {
      return openFor(plan).code({ bank: plan.bank, account: plan.account }, signal);
    },
    async chooseToken({ plan, tokens }, signal) {
      const chosen = tokens[await openFor(plan).chooseToken({ bank: plan.bank, tokens }, signal)];
      if (!chosen) throw new AgentError('ERR_USER_CANCELLED');
      return chosen;
    },
  };
}
