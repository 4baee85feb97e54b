/** Implements the port `Human` with dialogs. It turns a plan into the questions that a dialog shows. */

import { textIn } from '../web-bridge/protocol/bank-text.ts';
import { AgentError } from '../web-bridge/protocol/errors.ts';
import { byLanguage } from '../web-bridge/protocol/languages.ts';
import { attributeTexts, displayName } from '../web-bridge/x509/names.ts';
import type { CertificateName, ConsentQuestion, Dialog } from './dialog/dialog.ts';
import { purposeOf } from './policy/plan.ts';
import type { ConsentRequest, Human } from './ports/human.ts';
import type { CertificateAtHand } from './ports/token.ts';

/** @param openFor opens a dialog with the time limit of the plan's bank */
export function createHuman(openFor: (plan: ConsentRequest['plan']) => Dialog): Human {
  return {
    async consent(request, signal) {
      if (!(await openFor(request.plan).consent(questionOf(request), signal))) throw new AgentError('ERR_USER_REFUSED');
    },
    authorizationCode({ plan }, signal) {
      return openFor(plan).code({ bank: plan.bank, account: plan.account }, signal);
    },
    async chooseToken({ plan, tokens }, signal) {
      const chosen = tokens[await openFor(plan).chooseToken({ bank: plan.bank, tokens }, signal)];
      if (!chosen) throw new AgentError('ERR_USER_CANCELLED');
      return chosen;
    },
    insertToken({ plan, reason, token }, signal) {
      const question = { bank: plan.bank, help: plan.help, reason, ...(token ? { token } : {}) };
      return openFor(plan).insertToken(question, signal);
    },
    showPinLocked({ plan, token }, signal) {
      return openFor(plan).locked({ token, help: plan.help }, signal);
    },
    async chooseCertificate({ plan, certificates }, signal) {
      const question = { bank: plan.bank, certificates: certificates.map(nameOf) };
      const chosen = certificates[await openFor(plan).chooseCertificate(question, signal)];
      if (!chosen) throw new AgentError('ERR_USER_CANCELLED');
      return chosen;
    },
  };
}

function questionOf(request: ConsentRequest): ConsentQuestion {
  const { plan, token } = request;
  const { bank, origin, account, help } = plan;
  const common = { bank, origin, token, telephone: byLanguage((language) => textIn(help, language).telephone) };
  if ('keyType' in request) {
    const { keyType, plan } = request;
    return { ...common, purpose: purposeOf(plan), account: plan.account, keyType };
  }
  const certificate = nameOf(request);
  return { ...common, purpose: request.plan.purpose, ...(account ? { account } : {}), certificate };
}

/** What distinguishes a person's certificates: the names in the subject, the role, the last day. */
function nameOf({ parsed, token }: CertificateAtHand): CertificateName {
  const texts = (types: readonly string[]): string =>
    types.flatMap((type) => attributeTexts(parsed.subject, type)).join(' ');
  return {
    subject: texts(['O', 'SN', 'GN', 'CN']) || displayName(parsed.subject),
    role: texts(['OU', 'title']),
    until: parsed.notAfter,
    serialNumber: parsed.serialNumber,
    token,
  };
}

/**
 * A scripted human answers for test profiles only. The token host checks the same for itself.
 * @throws AgentError ERR_POLICY_SCRIPTED_HUMAN_REFUSED
 */
export function refuseScriptedHuman(
  script: string | undefined,
  plan: { readonly test: boolean; readonly profile: string },
): void {
  if (script !== undefined && !plan.test)
    throw new AgentError('ERR_POLICY_SCRIPTED_HUMAN_REFUSED', { profile: plan.profile });
}
