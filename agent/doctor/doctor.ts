/** `inkan doctor`: looks whether everything is in place. One finding does not hide the next, and nothing is changed. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';
import { platform } from '../platform/current.ts';
import type { Environment } from '../platform/platform.ts';
import { browsers } from './browsers.ts';
import { clock } from './clock.ts';
import { dialogs } from './dialogs.ts';
import { environment } from './environment.ts';
import { type Answer, type Check, type Finding, findingOf } from './finding.ts';
import { modules } from './modules.ts';
import { node } from './node.ts';
import { ports } from './ports.ts';
import { profiles } from './profiles.ts';
import { readers } from './readers.ts';
import { settings } from './settings.ts';
import { state } from './state.ts';
import { tokens } from './tokens.ts';

/** In the order in which people read them. */
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

export async function examine(environment: Environment): Promise<Finding<CheckName>[]> {
  const subject = { environment, folders: platform.folders(environment) };
  const findings: Finding<CheckName>[] = [];
  for (const one of CHECKS) {
    const answers = await answersOf(() => one.look(subject));
    findings.push(...answers.map((answer) => findingOf(one.check, answer)));
  }
  return findings;
}

async function answersOf(look: () => ReturnType<Check['look']>): Promise<readonly Answer[]> {
  try {
    return await look();
  } catch (error) {
    return [error instanceof AgentError ? error : new AgentError('ERR_INTERNAL_FAILED', {}, error)];
  }
}
