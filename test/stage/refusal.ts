/** What a promise was refused with: its code, or that it was not refused at all. */
import { AgentError } from '../../web-bridge/protocol/errors.ts';

export async function refusalOf(work: Promise<unknown> | (() => unknown)): Promise<string> {
  try {
    await (typeof work === 'function' ? work() : work);
  } catch (error) {
    return error instanceof AgentError ? error.code : `not an AgentError: ${String(error)}`;
  }
  return 'not refused';
}
