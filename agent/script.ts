import { AgentError } from '../web-bridge/protocol/errors.ts';

/** A scripted human answers for test profiles only; the token host judges the same for itself. */
export function refuseScriptOutsideTests(
  script: string | undefined,
  plan: { readonly test: boolean; readonly profile: string },
): void {
  if (script !== undefined && !plan.test)
    throw new AgentError('ERR_POLICY_SCRIPTED_HUMAN_REFUSED', { profile: plan.profile });
}
