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

/** The error itself, where its details are promised too. */
export async function refused(work: Promise<unknown> | (() => unknown)): Promise<AgentError> {
  try {
    await (typeof work === 'function' ? work() : work);
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
  throw new Error('was not refused');
}
