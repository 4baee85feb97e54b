/** `inkan doctor`: runs all checks, also after one that fails. It changes nothing. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { platform } from '../platform/current.ts';
import type { Environment } from '../platform/platform.ts';
import { browsers } from './browsers.ts';
import { clock } from './clock.ts';
import { dialogs } from './dialogs.ts';
import { environment } from './environment.ts';
import { type Check, type CheckResult, type Finding, findingOf } from './finding.ts';
import { modules } from './modules.ts';
import { node } from './node.ts';
import { ports } from './ports.ts';
import { profiles } from './profiles.ts';
import { readers } from './readers.ts';
import { settings } from './settings.ts';
import { state } from './state.ts';
import { tokens } from './tokens.ts';

/** In the order in which they are printed. */
export const CHECKS = [
  node,
  environment,
  settings,
  state,
  profiles,
  modules,
  dialogs,
  readers,
  tokens,
  ports,
  browsers,
  clock,
] as const satisfies readonly Check[];

export type CheckName = (typeof CHECKS)[number]['check'];

export async function runChecks(environment: Environment): Promise<Finding<CheckName>[]> {
  const context = { environment, folders: platform.folders(environment) };
  const findings: Finding<CheckName>[] = [];
  for (const one of CHECKS) {
    const results = await resultsOf(() => one.run(context));
    findings.push(...results.map((result) => findingOf(one.check, result)));
  }
  return findings;
}

async function resultsOf(run: () => ReturnType<Check['run']>): Promise<readonly CheckResult[]> {
  try {
    return await run();
  } catch (error) {
    return [error instanceof AgentError ? error : new AgentError('ERR_INTERNAL_FAILED', {}, error)];
  }
}
